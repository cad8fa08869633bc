import CFUSE
import FileTree
import Glibc

/// The answer to one request for entries of a directory: as many as fit.
struct DirectoryBuffer: ~Copyable {
    /// Bytes that an entry with a name of 33 to 40 bytes takes, as those of recordings have, and of calls and rooms: 24
    /// besides the name, which is filled up to a multiple of eight (`struct fuse_dirent`).
    static let entrySize = 24 + 40

    /// Bytes that such an entry takes with its attributes (`struct fuse_direntplus`).
    static let entryWithAttributesSize = 128 + entrySize

    private let memory: UnsafeMutableRawBufferPointer
    private var used = 0

    init(size: Int) {
        memory = .allocate(byteCount: size, alignment: 8)
    }

    deinit {
        memory.deallocate()
    }

    /// Adds an entry; false when it doesn't fit any more.
    mutating func add(_ entry: DirectoryEntry, for request: fuse_req_t) -> Bool {
        var stat = Glibc.stat()
        stat.st_ino = UInt(entry.inode.rawValue)
        stat.st_mode = entry.type.mode
        let position = memory.baseAddress.map { ($0 + used).assumingMemoryBound(to: CChar.self) }
        let size = fuse_add_direntry(request, position, memory.count - used, entry.name, &stat, Int(entry.cookie))
        return take(size)
    }

    /// Adds an entry with its attributes, where they are known; false when it doesn't fit any more.
    ///
    /// `.` and `..` are never told with attributes: the kernel would take them for references to be forgotten.
    mutating func addWithAttributes(_ entry: DirectoryEntry, for request: fuse_req_t) -> Bool {
        let isDot = entry.name == "." || entry.name == ".."
        var parameters = fuse_entry_param(isDot ? nil : entry.attributes, validity: entry.validity)
        if parameters.ino == 0 {
            parameters.attr.st_ino = UInt(entry.inode.rawValue)
            parameters.attr.st_mode = entry.type.mode
        }
        let position = memory.baseAddress.map { ($0 + used).assumingMemoryBound(to: CChar.self) }
        let size = fuse_add_direntry_plus(
            request, position, memory.count - used, entry.name, &parameters, Int(entry.cookie))
        return take(size)
    }

    /// The entries that were added.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: memory[..<used]))
    }

    /// libfuse tells the size that an entry takes, and writes it only if it fits.
    private mutating func take(_ size: Int) -> Bool {
        guard size <= memory.count - used else { return false }
        used += size
        return true
    }
}
