import Glibc
import Support

/// A file to which log lines are appended.
final class LogFile: Sendable {
    /// The path, which is absolute.
    let path: String

    /// Stays the same number when the file is opened anew, so that no lock is needed.
    private let descriptor: Int32

    /// Whether the last line may not be whole.
    private let isCut = Locked(false)

    /// Opens the file, which is made if it is missing, with mode 0600.
    ///
    /// - Throws: ``Failure`` when it can't be opened, is a symbolic link or not a regular file, or isn't the
    ///   user's own.
    init(_ path: String) throws(Failure) {
        self.path = path
        descriptor = try Self.open(path)
    }

    deinit {
        close(descriptor)
    }

    /// Opens the file of that name again: the one before was renamed or removed by who rotates logs.
    ///
    /// - Throws: ``Failure`` as the initialiser does; lines go to the file before then.
    func reopen() throws(Failure) {
        let new = try Self.open(path)
        defer { close(new) }
        guard dup2(new, descriptor) >= 0 else { throw Self.failure(path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Appends a line, with its end.
    ///
    /// - Returns: why it couldn't be written whole; nil when it was.
    func append(_ line: String) -> String? {
        // What was cut off for want of room ends its line.
        let start = isCut.withLock { $0 } ? "\n" : ""
        errno = 0
        let isWhole = WholeWriting.write(start + line + "\n", to: descriptor)
        let error = errno
        isCut.withLock { $0 = !isWhole }
        return isWhole ? nil : "\(SystemErrorCode(rawValue: error == 0 ? EIO : error))"
    }

    private static func open(_ path: String) throws(Failure) -> Int32 {
        // A FIFO must not block, and a link in a folder that others can write must not lead elsewhere.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            switch errno {
            case ELOOP: throw wrongType(path, "is a symbolic link")
            // A FIFO without a reader, or a socket.
            case ENXIO, ENODEV: throw notRegular(path)
            default: throw failure(path)
            }
        }
        var file = stat()
        guard fstat(descriptor, &file) == 0, file.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw notRegular(path)
        }
        if let fault = fault(of: file) {
            close(descriptor)
            throw Failure(.configuration, "the log file '\(path)' \(fault) give another with --log-file")
        }
        return descriptor
    }

    /// The first number that Linux distributions give to people and not to the system's accounts.
    private static let firstUser: uid_t = 1000

    /// What lets somebody else change what is logged, or have it written to another file; nil when nothing does.
    private static func fault(of file: stat) -> String? {
        // Who rotates root's logs may give them to an account of the system.
        let isSystems = geteuid() == 0 && file.st_uid < firstUser
        if file.st_uid != geteuid(), file.st_uid != 0, !isSystems {
            return "belongs to another user, with the ID \(file.st_uid):"
        }
        if file.st_mode & 0o002 != 0 || file.st_mode & 0o020 != 0 && file.st_gid != getegid() {
            return
                "can be written by others, with mode 0\(String(file.st_mode & 0o7777, radix: 8)): run 'chmod go-w', or"
        }
        // A user can make a hard link to a file that only root may write.
        return file.st_nlink > 1 ? "has \(file.st_nlink) names (hard links), and may be another file:" : nil
    }

    private static func failure(_ path: String) -> Failure {
        Failure(
            .configuration,
            "the log file '\(path)' can't be opened: \(SystemErrorCode.current); give another with --log-file")
    }

    private static func notRegular(_ path: String) -> Failure {
        wrongType(path, "isn't a regular file")
    }

    private static func wrongType(_ path: String, _ fault: String) -> Failure {
        Failure(.configuration, "the log file '\(path)' \(fault): give another with --log-file")
    }
}
