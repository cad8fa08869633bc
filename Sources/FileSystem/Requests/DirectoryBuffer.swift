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

    /// Adds an entry, with its known attributes if wanted; false if it doesn't fit.
    ///
    /// `.` and `..` never have attributes: the kernel ignores these, and counts no reference.
    mutating func add(_ entry: DirectoryEntry, withAttributes: Bool, for request: fuse_req_t) -> Bool {
        let known = withAttributes && !entry.isDot ? entry.attributes : nil
        var parameters = fuse_entry_param(known, validity: entry.validity)
        if known == nil {
            parameters.attr.st_ino = UInt(entry.inode.rawValue)
            parameters.attr.st_mode = entry.type.mode
        }
        let position = memory.baseAddress.map { ($0 + used).assumingMemoryBound(to: CChar.self) }
        let (left, cookie) = (memory.count - used, Int(entry.cookie))
        // libfuse returns the size of an entry, and writes it only if it fits.
        let size =
            withAttributes
            ? fuse_add_direntry_plus(request, position, left, entry.name, &parameters, cookie)
            : fuse_add_direntry(request, position, left, entry.name, &parameters.attr, cookie)
        guard size <= left else { return false }
        used += size
        return true
    }

    /// The added entries.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: memory[..<used]))
    }
}

extension DirectoryEntry {
    /// Whether it is the directory itself or its parent.
    var isDot: Bool { name == "." || name == ".." }
}
