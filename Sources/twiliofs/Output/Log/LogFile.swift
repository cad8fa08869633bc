import Glibc
import Support

/// A file for log lines.
final class LogFile: Sendable {
    /// The absolute path.
    let path: String
    /// The descriptor; its number stays the same when the file is reopened, so it needs no lock.
    private let descriptor: Int32
    /// Whether the last line may be incomplete.
    private let isCut = Locked(false)

    /// Opens the file, and creates a missing one with mode 0600.
    ///
    /// - Throws: ``Failure`` if it can't be opened, is a symbolic link or not a regular file, or isn't the user's own.
    init(_ path: String) throws(Failure) {
        self.path = path
        descriptor = try Self.open(path)
    }

    deinit { close(descriptor) }

    /// Opens the file of that name again, after a rotation; the previous file stays open after a failure.
    func reopen() throws(Failure) {
        let new = try Self.open(path)
        defer { close(new) }
        guard dup2(new, descriptor) >= 0 else { throw Self.failure(path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Appends a line with its end; returns the reason of a failure, or nil.
    func append(_ line: String) -> String? {
        // An incomplete line, cut for want of room, gets its end first.
        let start = isCut.withLock { $0 } ? "\n" : ""
        errno = 0
        let isWhole = WholeWriting.write(start + line + "\n", to: descriptor)
        let error = errno
        isCut.withLock { $0 = !isWhole }
        return isWhole ? nil : "\(SystemErrorCode(rawValue: error == 0 ? EIO : error))"
    }

    private static func open(_ path: String) throws(Failure) -> Int32 {
        // A FIFO mustn't block, and others' links mustn't lead elsewhere.
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

    /// Linux distributions' first number for people; lower ones are the system's accounts.
    private static let firstUser: uid_t = 1000

    /// A fault that lets others change the log or redirect it to another file; nil for none.
    private static func fault(of file: stat) -> String? {
        // A rotation may give root's logs to an account of the system.
        let isSystems = geteuid() == 0 && file.st_uid < firstUser
        if file.st_uid != geteuid(), file.st_uid != 0, !isSystems {
            return "belongs to another user, with the ID \(file.st_uid):"
        }
        if file.st_mode & 0o002 != 0 || file.st_mode & 0o020 != 0 && file.st_gid != getegid() {
            return
                "can be written by others, with mode 0\(String(file.st_mode & 0o7777, radix: 8)): run 'chmod go-w', or"
        }
        // A user can make a hard link to a file that only root can write.
        return file.st_nlink > 1 ? "has \(file.st_nlink) names (hard links), and may be another file:" : nil
    }

    private static func failure(_ path: String) -> Failure {
        Failure(
            .configuration,
            "the log file '\(path)' can't be opened: \(SystemErrorCode.current); give another with --log-file")
    }

    private static func notRegular(_ path: String) -> Failure { wrongType(path, "isn't a regular file") }

    private static func wrongType(_ path: String, _ fault: String) -> Failure {
        Failure(.configuration, "the log file '\(path)' \(fault): give another with --log-file")
    }
}
