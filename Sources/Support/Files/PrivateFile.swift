public import Glibc

/// Opens and checks files and folders that only this user and root may change, such as the cache.
///
/// Where others can write, a file may be anything: a FIFO blocks its reader for ever, a symbolic link leads to another
/// of the user's files. So an accepted file is regular, isn't a symbolic link, belongs to this user or root, and isn't
/// writable by others.
public enum PrivateFile {
    /// The reason for rejecting a file or a folder; errors of system calls have no remedy.
    public typealias Refusal = CodedError<RefusalCode>

    /// The reasons for rejecting a file or a folder.
    public enum RefusalCode: ErrorCode {
        /// The system call failed with this value of `errno`.
        case system(Int32)
        /// It is a FIFO, socket, device or symbolic link, or a folder instead of a file or the reverse.
        case wrongType
        /// It belongs to another user, or others can write to it.
        case notPrivate
    }

    /// Opens a private regular file; never blocks.
    ///
    /// - Parameters:
    ///   - path: The file, relative to `folder`; a symbolic link as last component is rejected.
    ///   - flags: Those of open(2); `O_CLOEXEC`, `O_NOFOLLOW` and `O_NONBLOCK` are added.
    /// - Returns: A descriptor, which the caller closes.
    public static func open(_ path: String, _ flags: Int32, in folder: Int32 = AT_FDCWD) throws(Refusal) -> Int32 {
        try openChecked(path, flags | O_NONBLOCK, in: folder, type: S_IFREG)
    }

    /// Opens a private folder, relative to `folder`; the caller closes the descriptor.
    public static func openFolder(_ path: String, in folder: Int32 = AT_FDCWD) throws(Refusal) -> Int32 {
        try openChecked(path, O_RDONLY | O_DIRECTORY, in: folder, type: S_IFDIR)
    }

    /// Makes a folder that only this user can use, and those above it, as far as they are missing.
    public static func makeFolder(_ path: String) throws(Refusal) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw system(path, "made")
        }
        try makeFolder(String(path[..<slash]))
        // A path may end with a slash, and its folder be there by now.
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw system(path, "made") }
    }

    private static func openChecked(
        _ path: String, _ flags: Int32, in folder: Int32, type: mode_t
    ) throws(Refusal) -> Int32 {
        let descriptor = try openAnything(path, flags, in: folder)
        do throws(Refusal) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw system(path) }
            try check(status, path, type: type)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Checks a file that other code (SQLite) will open; a missing file passes.
    public static func checkFile(_ path: String) throws(Refusal) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw system(path)
        }
        try check(status, path, type: S_IFREG)
    }

    /// Checks a folder; with `followsLink`, a symbolic link is followed to a folder that has to be private.
    public static func checkFolder(_ path: String, followsLink: Bool = false) throws(Refusal) {
        var status = stat()
        guard (followsLink ? stat(path, &status) : lstat(path, &status)) == 0 else { throw system(path) }
        // The user chose a folder that may be a link, and can choose another instead of removing it.
        try check(status, path, type: S_IFDIR, remedy: followsLink ? "choose another" : removal)
    }

    /// The remedy for a wrong file in the cache's place.
    private static let removal = "remove it"

    /// Whether owner and mode of a file keep others from changing it.
    static func isPrivate(owner: uid_t, mode: mode_t, user: uid_t) -> Bool {
        (owner == user || owner == 0) && mode & 0o022 == 0
    }

    private static func openAnything(_ path: String, _ flags: Int32, in folder: Int32) throws(Refusal) -> Int32 {
        let descriptor = uninterrupted { openat(folder, path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        if descriptor >= 0 { return descriptor }
        switch errno {
        // These mean a symbolic link, a FIFO without a reader, a socket, a device, a folder, or a file for a folder.
        case ELOOP, ENXIO, EISDIR, ENOTDIR, ENODEV:
            var status = stat()
            let isThere = fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0
            throw wrongType(
                path, mode: isThere ? status.st_mode : nil, type: flags & O_DIRECTORY != 0 ? S_IFDIR : S_IFREG,
                remedy: removal)
        default: throw system(path)
        }
    }

    private static func check(
        _ status: stat, _ path: String, type: mode_t, remedy: String = removal
    ) throws(Refusal) {
        guard status.st_mode & S_IFMT == type else {
            throw wrongType(path, mode: status.st_mode, type: type, remedy: remedy)
        }
        guard isPrivate(owner: status.st_uid, mode: status.st_mode, user: geteuid()) else {
            let mode = "0" + String(status.st_mode & 0o7777, radix: 8)
            throw Refusal(
                .notPrivate,
                "'\(path)' belongs to user \(status.st_uid) and has mode \(mode), so that others could change it",
                remedy:
                    "it has to belong to user \(geteuid()) or root and be writable by its owner alone ('chmod go-w')")
        }
    }

    /// - Parameter mode: The mode found; nil when unknown.
    private static func wrongType(_ path: String, mode: mode_t?, type: mode_t, remedy: String) -> Refusal {
        let wanted = type == S_IFDIR ? "a folder" : "a file"
        let found = mode.flatMap { name(ofType: $0) }.map { "is \($0), not \(wanted)" } ?? "isn't \(wanted)"
        return Refusal(.wrongType, "'\(path)' \(found)", remedy: remedy)
    }

    /// The name of a mode's file type.
    private static func name(ofType mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        case S_IFDIR: "a folder"
        case S_IFREG: "a file"
        default: nil
        }
    }

    private static func system(_ path: String, _ participle: String = "opened") -> Refusal {
        let number = errno
        return Refusal(.system(number), SystemError("'\(path)' can't be \(participle)", number).message)
    }
}
