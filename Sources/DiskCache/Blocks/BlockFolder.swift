import Glibc
import Support

/// The files of the blocks, each named after its number in the index; numbers are never reused.
///
/// Folder `n` holds the numbers `4096 * n ..< 4096 * (n + 1)`. No folder grows large, and folders of old numbers become
/// empty and are removed. A file is named `NUMBER.tmp` while it is written. All paths are relative to a descriptor, so
/// that a store that was renamed is not confused with its replacement.
final class BlockFolder: Sendable {
    struct File: Hashable, Sendable {
        let name: String
        /// The number in the name; nil when it isn't the name of a block's file.
        let id: Int64?
        let isTemporary: Bool
        /// The size of the file in bytes.
        let size: Int64
    }

    /// The number of blocks in a folder.
    static let idsInFolder: Int64 = 4096

    private let descriptor: Int32

    init(path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("'\(path)' can't be made") }
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.openFolder(path)
        } catch {
            throw SystemError(error)
        }
    }

    deinit { close(descriptor) }

    /// The bytes of the file system that are free for ordinary users; nil when unknown.
    var freeBytes: Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        return Int64(clamping: status.f_bavail.multipliedReportingOverflow(by: status.f_frsize).partialValue)
    }

    // MARK: One block

    func openBlock(_ id: Int64) throws(SystemError) -> Int32 {
        do throws(PrivateFile.Refusal) {
            let folder = try PrivateFile.openFolder(Self.folder(of: id), in: descriptor)
            defer { close(folder) }
            return try PrivateFile.open("\(id)", O_RDONLY, in: folder)
        } catch {
            if case .system = error.code { throw SystemError(error) }
            throw SystemError("a block isn't a file of the cache's own", ENOENT)
        }
    }

    func createTemporary(_ id: Int64) throws(SystemError) -> Int32 {
        for isLast in [false, true] {
            do throws(PrivateFile.Refusal) {
                let folder = try PrivateFile.openFolder(Self.folder(of: id), in: descriptor)
                defer { close(folder) }
                return try PrivateFile.open("\(id).tmp", O_WRONLY | O_CREAT | O_EXCL, in: folder)
            } catch {
                guard error.code == .system(ENOENT), !isLast else { throw SystemError(error) }
            }
            guard mkdirat(descriptor, Self.folder(of: id), 0o700) == 0 || errno == EEXIST else { break }
        }
        throw SystemError("a block's file can't be made")
    }

    /// Gives a written block its final name.
    func publish(_ id: Int64) throws(SystemError) {
        guard renameat(descriptor, Self.path(id) + ".tmp", descriptor, Self.path(id)) == 0 else {
            throw SystemError("a block's file can't be renamed")
        }
    }

    /// Removes a block's file; throws when the file is still there.
    func remove(_ id: Int64, alsoTemporary: Bool = false) throws(SystemError) {
        try unlink(Self.path(id))
        if alsoTemporary { try unlink(Self.path(id) + ".tmp") }
    }

    private func unlink(_ path: String) throws(SystemError) {
        if unlinkat(descriptor, path, 0) == 0 || errno == ENOENT { return }
        // Another program has put a folder in its place.
        guard errno == EISDIR, unlinkat(descriptor, path, AT_REMOVEDIR) == 0 else {
            throw SystemError("the file '\(path)' of a block can't be removed")
        }
    }

    private static func folder(of id: Int64) -> String { "\(id / idsInFolder)" }

    private static func path(_ id: Int64) -> String { "\(folder(of: id))/\(id)" }

    // MARK: All of them

    func folders() throws(SystemError) -> [Int64] {
        try names(in: ".").compactMap { Int64($0) }.filter { Bounds.counts.contains($0) }
    }

    func files(in folder: Int64) throws(SystemError) -> [File] {
        let names: [String]
        do throws(SystemError) {
            names = try self.names(in: "\(folder)")
        } catch  where error.code.rawValue == ENOENT {
            return []
        }
        return names.compactMap { name in
            var status = stat()
            // The file may have been removed since the listing.
            guard fstatat(descriptor, "\(folder)/\(name)", &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            let isTemporary = name.hasSuffix(".tmp")
            let id = Int64(name.dropLast(isTemporary ? 4 : 0))
            return File(
                name: name, id: id.flatMap { $0 / Self.idsInFolder == folder ? $0 : nil }, isTemporary: isTemporary,
                size: Int64(status.st_size))
        }
    }

    func remove(_ file: File, in folder: Int64) throws(SystemError) {
        try unlink("\(folder)/\(file.name)")
    }

    /// Removes a folder if it is empty; writers create it again.
    func removeIfEmpty(_ folder: Int64) { unlinkat(descriptor, "\(folder)", AT_REMOVEDIR) }

    private func names(in path: String) throws(SystemError) -> [String] {
        let folder = openat(descriptor, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard folder >= 0 else { throw SystemError("the folder '\(path)' of blocks can't be opened") }
        guard let stream = fdopendir(folder) else {
            let error = SystemError("the folder '\(path)' of blocks can't be read")
            close(folder)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                // A truncated listing would make blocks appear to be missing.
                guard errno == 0 else { throw SystemError("the folder '\(path)' of blocks can't be read") }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }
}
