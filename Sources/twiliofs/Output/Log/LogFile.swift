import CLinux
import Glibc
import Support

/// A file for log lines.
final class LogFile: Sendable {
    /// The absolute path.
    let path: String
    /// The descriptor; it needs no lock, since its number stays the same when the file is opened again.
    let descriptor: Int32
    /// Opens the file again; nil for this process.
    private let opener = Locked<(@Sendable () throws(Failure) -> Int32)?>(nil)
    /// Whether the last line may be incomplete.
    private let isCut = Locked(false)

    /// Opens the file, and creates a missing one with mode 0600.
    ///
    /// - Parameter user: The user whom this process is going to be.
    /// - Throws: ``Failure`` if it can't be opened, isn't a regular file with one name, or others could change it.
    init(_ path: String, for user: ServingUser? = nil) throws(Failure) {
        self.path = path
        if let user {
            descriptor = try user.opening(path) { () throws(Failure) in try Self.open(path) }
        } else {
            descriptor = try Self.open(path)
        }
    }

    deinit { close(descriptor) }

    /// Has another process open the file again, since this one can't any more.
    func reopen(by opener: @escaping @Sendable () throws(Failure) -> Int32) { self.opener.withLock { $0 = opener } }

    /// Opens the file again by its name, after a rotation; if that fails, the previous file stays open.
    func reopen() throws(Failure) {
        let opener = opener.withLock(\.self)
        let new = if let opener { try opener() } else { try Self.open(path) }
        defer { close(new) }
        // At once: a program that is started in between would get the file.
        guard twiliofs_replace_descriptor(descriptor, new) >= 0 else { throw Self.refusal(path) }
    }

    /// Appends a line and a line end; returns the reason of a failure, or nil.
    func append(_ line: String) -> String? {
        // The last line may be incomplete, because the disk was full: it gets its end first.
        let start = isCut.withLock { $0 } ? "\n" : ""
        errno = 0
        let isWhole = WholeWriting.write(start + line + "\n", to: descriptor)
        let error = errno
        isCut.withLock { $0 = !isWhole }
        return isWhole ? nil : "\(SystemErrorCode(rawValue: error == 0 ? EIO : error))"
    }

    /// Opens a file for appending, with the checks of ``init(_:for:)``; the caller closes the descriptor.
    static func open(_ path: String) throws(Failure) -> Int32 {
        // O_NONBLOCK, since a FIFO would block; O_NOFOLLOW, since others' links could lead elsewhere.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            switch errno {
            case ELOOP: throw refusal(path, "is a symbolic link:")
            // A FIFO without a reader, or a socket.
            case ENXIO, ENODEV: throw refusal(path, irregular)
            default: throw refusal(path)
            }
        }
        // If fstat(2) fails, the mode stays 0, which isn't a regular file's.
        var file = stat()
        fstat(descriptor, &file)
        if let fault = fault(of: file) {
            close(descriptor)
            throw refusal(path, fault)
        }
        return descriptor
    }

    private static let irregular = "isn't a regular file:"
    /// The lowest user ID of people in Linux distributions; lower ones are the system's accounts.
    private static let firstUser: uid_t = 1000

    /// The reason why a file can't be the log, for instance because others could change it; nil if it can.
    private static func fault(of file: stat) -> String? {
        guard file.st_mode & S_IFMT == S_IFREG else { return irregular }
        // A rotation may give root's log to an account of the system.
        let isSystems = geteuid() == 0 && file.st_uid < firstUser
        if file.st_uid != geteuid(), file.st_uid != 0, !isSystems {
            return "belongs to another user, with the ID \(file.st_uid):"
        }
        if file.st_mode & 0o002 != 0 || file.st_mode & 0o020 != 0 && file.st_gid != getegid() {
            return
                "can be written by others, with mode 0\(String(file.st_mode & 0o7777, radix: 8)): run 'chmod go-w', or"
        }
        // A user can make a hard link to a file that only root can write, and have root append to it.
        return file.st_nlink > 1 ? "has \(file.st_nlink) names (hard links), and may be another file:" : nil
    }

    /// Makes a failure.
    ///
    /// - Parameter fault: The fault with the punctuation before the remedy; nil for the error in `errno`.
    private static func refusal(_ path: String, _ fault: String? = nil) -> Failure {
        let fault = fault ?? "can't be opened: \(SystemErrorCode.current);"
        return Failure(.configuration, "the log file '\(path)' \(fault) give another with --log-file")
    }
}
