import Glibc

/// A file to which log lines are appended.
final class LogFile: Sendable {
    /// The path, which is absolute.
    let path: String

    /// Stays the same number when the file is opened anew, so that no lock is needed.
    private let descriptor: Int32

    /// Opens the file, which is made if it is missing, with mode 0600.
    ///
    /// - Throws: ``Failure`` when it can't be opened, or is a symbolic link or not a regular file.
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
    /// - Returns: whether all of it was written.
    func append(_ line: String) -> Bool {
        WholeWriting.write(line + "\n", to: descriptor)
    }

    private static func open(_ path: String) throws(Failure) -> Int32 {
        // A FIFO must not block, and a link in a folder that others can write must not lead elsewhere.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw errno == ELOOP ? notRegular(path) : failure(path)
        }
        var file = stat()
        guard fstat(descriptor, &file) == 0, file.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw notRegular(path)
        }
        return descriptor
    }

    private static func failure(_ path: String) -> Failure {
        Failure(
            .configuration,
            "the log file '\(path)' can't be opened: \(String(cString: strerror(errno))); give another with --log-file")
    }

    private static func notRegular(_ path: String) -> Failure {
        Failure(
            .configuration,
            "the log file '\(path)' is a symbolic link or not a regular file: give another with --log-file"
        )
    }
}
