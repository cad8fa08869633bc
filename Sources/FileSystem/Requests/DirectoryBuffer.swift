import CFUSE
import FileTree
import Glibc

/// The answer to one request for a directory's entries: as many as fit.
struct DirectoryBuffer: ~Copyable {
    /// The size of an entry for a recording, a call or a room, in bytes (`struct fuse_dirent`).
    ///
    /// That is 24 bytes and the name of 33 to 40 bytes, padded to a multiple of eight.
    static let entrySize = 24 + 40

    /// The size of such an entry with its attributes (`struct fuse_direntplus`).
    static let entryWithAttributesSize = 128 + entrySize

    private let memory: UnsafeMutableRawBufferPointer
    private var used = 0

    init(size: Int) { memory = .allocate(byteCount: size, alignment: 8) }

    deinit { memory.deallocate() }

    /// Adds an entry; false if it doesn't fit.
    mutating func add(_ entry: DirectoryEntry, for request: fuse_req_t) -> Bool {
        var stat = Glibc.stat()
        stat.st_ino = UInt(entry.inode.rawValue)
        stat.st_mode = entry.type.mode
        let position = memory.baseAddress.map { ($0 + used).assumingMemoryBound(to: CChar.self) }
        let size = fuse_add_direntry(request, position, memory.count - used, entry.name, &stat, Int(entry.cookie))
        return take(size)
    }

    /// Adds an entry with its known attributes; false if it doesn't fit.
    ///
    /// `.` and `..` never have attributes: the kernel would count them as references to forget.
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

    /// The added entries.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: memory[..<used]))
    }

    /// libfuse returns the size of an entry, and writes it only if it fits.
    private mutating func take(_ size: Int) -> Bool {
        guard size <= memory.count - used else { return false }
        used += size
        return true
    }
}
