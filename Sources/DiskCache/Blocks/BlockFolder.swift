import Glibc
import Support

/// The files of the blocks, each named after its number in the index, which is never given twice.
///
/// `4096 * n ..< 4096 * (n + 1)` are in the folder `n`, so no folder grows large, and those of old numbers become empty
/// and go. A file is `NUMBER.tmp` while it is written. Everything is relative to a descriptor: a cache that was set
/// aside, and has another name since, isn't taken for the one that is in its place now.
final class BlockFolder: Sendable {
    /// A file that was found.
    struct File: Hashable, Sendable {
        let name: String

        /// The number in its name; nil when it isn't a name that is given here.
        let id: Int64?

        let isTemporary: Bool

        /// Its size in bytes.
        let size: Int64
    }

    /// How many numbers share a folder.
    static let idsInFolder: Int64 = 4096

    private let descriptor: Int32

    /// Opens the folder, and makes it if it is missing.
    init(path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("'\(path)' can't be made") }
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.openFolder(path)
        } catch {
            throw SystemError(error)
        }
    }

    deinit {
        close(descriptor)
    }

    /// The bytes that are free on the file system for who isn't root; nil when it doesn't tell.
    var freeBytes: Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        return Int64(clamping: status.f_bavail.multipliedReportingOverflow(by: status.f_frsize).partialValue)
    }

    // MARK: One block

    /// Opens a block's file for reading.
    func openBlock(_ id: Int64) throws(SystemError) -> Int32 {
        do throws(PrivateFile.Refusal) {
            let folder = try PrivateFile.openFolder(Self.folder(of: id), in: descriptor)
            defer { close(folder) }
            return try PrivateFile.open("\(id)", O_RDONLY, in: folder)
        } catch {
            switch error.code {
            case .system: throw SystemError(error)
            // No block, whatever it is.
            case .wrongType, .notPrivate: throw SystemError("a block isn't a file of the cache's own", ENOENT)
            }
        }
    }

    /// Makes the file that a block is written to.
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

    /// Gives a block that was written its name.
    func publish(_ id: Int64) throws(SystemError) {
        guard renameat(descriptor, Self.path(id) + ".tmp", descriptor, Self.path(id)) == 0 else {
            throw SystemError("a block's file can't be renamed")
        }
    }

    /// Removes what there is of a block.
    ///
    /// - Throws: when it is still there.
    func remove(_ id: Int64, alsoTemporary: Bool = false) throws(SystemError) {
        try unlink(Self.path(id))
        if alsoTemporary { try unlink(Self.path(id) + ".tmp") }
    }

    private func unlink(_ path: String) throws(SystemError) {
        if unlinkat(descriptor, path, 0) == 0 || errno == ENOENT { return }
        // Somebody has put a folder in its place.
        guard errno == EISDIR, unlinkat(descriptor, path, AT_REMOVEDIR) == 0 else {
            throw SystemError("the file '\(path)' of a block can't be removed")
        }
    }

    private static func folder(of id: Int64) -> String { "\(id / idsInFolder)" }

    private static func path(_ id: Int64) -> String { "\(folder(of: id))/\(id)" }

    // MARK: All of them

    /// The numbers of the folders that there are.
    func folders() throws(SystemError) -> [Int64] {
        try names(in: ".").compactMap { Int64($0) }.filter { Bounds.counts.contains($0) }
    }

    /// The files of a folder.
    func files(in folder: Int64) throws(SystemError) -> [File] {
        let names: [String]
        do throws(SystemError) {
            names = try self.names(in: "\(folder)")
        } catch  where error.code.rawValue == ENOENT {
            return []
        }
        return names.compactMap { name in
            var status = stat()
            // What is gone meanwhile isn't a file any more.
            guard fstatat(descriptor, "\(folder)/\(name)", &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            let isTemporary = name.hasSuffix(".tmp")
            let id = Int64(name.dropLast(isTemporary ? 4 : 0))
            return File(
                name: name, id: id.flatMap { $0 / Self.idsInFolder == folder ? $0 : nil }, isTemporary: isTemporary,
                size: Int64(status.st_size))
        }
    }

    /// Removes a file that was found.
    func remove(_ file: File, in folder: Int64) throws(SystemError) {
        try unlink("\(folder)/\(file.name)")
    }

    /// Removes a folder if it is empty.
    ///
    /// Whoever is about to write into it makes it anew.
    func removeIfEmpty(_ folder: Int64) {
        unlinkat(descriptor, "\(folder)", AT_REMOVEDIR)
    }

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
                // A listing that is cut short would make blocks look as if they were gone.
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
