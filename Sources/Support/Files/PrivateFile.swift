public import Glibc

/// Opens and checks files and folders that nobody but this user and root may change: those of the cache.
///
/// A file in a place where others can write may be anything: a FIFO blocks its reader for ever, a symbolic link leads
/// to a file of the user's that isn't the cache's. So what is opened here is a regular file that isn't reached by a
/// symbolic link, belongs to this user or to root, and can't be written by anybody else.
public enum PrivateFile {
    /// Why a file or a folder isn't used; without a remedy when that depends on the system's refusal.
    public typealias Refusal = CodedError<RefusalCode>

    /// The reasons for which a file or a folder isn't used.
    public enum RefusalCode: ErrorCode {
        /// The system refuses, with a value of `errno`.
        case system(Int32)

        /// It is a FIFO, a socket, a device, a symbolic link, or a folder in the place of a file or the reverse.
        case wrongType

        /// It belongs to somebody else, or others can write to it.
        case notPrivate
    }

    /// Opens a regular file of the user's own; never blocks.
    ///
    /// - Parameters:
    ///   - path: the file; its last component isn't followed when it is a symbolic link.
    ///   - flags: those of open(2), `O_CREAT` for instance; it is closed in programs that are started.
    ///   - folder: a descriptor to which the path is relative.
    /// - Returns: a descriptor, to be closed by the caller.
    public static func open(
        _ path: String, _ flags: Int32, in folder: Int32 = AT_FDCWD
    ) throws(Refusal) -> Int32 {
        let descriptor = try openAnything(path, flags | O_NONBLOCK, in: folder)
        do throws(Refusal) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw system(path) }
            try check(status, path, type: S_IFREG)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Opens a folder of the user's own.
    ///
    /// - Parameter folder: a descriptor to which the path is relative.
    /// - Returns: a descriptor, to be closed by the caller.
    public static func openFolder(_ path: String, in folder: Int32 = AT_FDCWD) throws(Refusal) -> Int32 {
        let descriptor = try openAnything(path, O_RDONLY | O_DIRECTORY, in: folder)
        do throws(Refusal) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw system(path) }
            try check(status, path, type: S_IFDIR)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Checks a file that somebody else will open, SQLite for instance; one that is missing is right.
    public static func checkFile(_ path: String) throws(Refusal) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw system(path)
        }
        try check(status, path, type: S_IFREG)
    }

    /// Checks a folder.
    ///
    /// - Parameter followsLink: whether a symbolic link is followed, to a folder that has to be the user's own.
    public static func checkFolder(_ path: String, followsLink: Bool = false) throws(Refusal) {
        var status = stat()
        guard (followsLink ? stat(path, &status) : lstat(path, &status)) == 0 else { throw system(path) }
        // One that may be a link is of the user's choice.
        try check(status, path, type: S_IFDIR, remedy: followsLink ? "choose another" : removal)
    }

    /// What to do about something in the place of what the cache makes.
    private static let removal = "remove it"

    /// Tells if a file's owner and mode keep everybody else from changing it.
    ///
    /// - Parameters:
    ///   - owner: the file's.
    ///   - mode: the file's, with or without its type.
    ///   - user: who uses it.
    static func isPrivate(owner: uid_t, mode: mode_t, user: uid_t) -> Bool {
        (owner == user || owner == 0) && mode & 0o022 == 0
    }

    private static func openAnything(_ path: String, _ flags: Int32, in folder: Int32) throws(Refusal) -> Int32 {
        let descriptor = uninterrupted { openat(folder, path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        if descriptor >= 0 { return descriptor }
        switch errno {
        // A symbolic link; a FIFO without a reader, or a socket; a folder; something that isn't one.
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

    /// - Parameters:
    ///   - mode: what it is; nil when that is unknown.
    ///   - type: what it should be.
    private static func wrongType(_ path: String, mode: mode_t?, type: mode_t, remedy: String) -> Refusal {
        let wanted = type == S_IFDIR ? "a folder" : "a file"
        let found = mode.flatMap { name(ofType: $0) }.map { "is \($0), not \(wanted)" } ?? "isn't \(wanted)"
        return Refusal(.wrongType, "'\(path)' \(found)", remedy: remedy)
    }

    /// What a file is, by its mode.
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

    private static func system(_ path: String) -> Refusal {
        let number = errno
        return Refusal(.system(number), SystemError("'\(path)' can't be opened", number).message)
    }
}
