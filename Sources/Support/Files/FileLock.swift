import Glibc

/// A lock on a file, held as long as this value lives and the process does.
///
/// flock(2), since the kernel takes it back from whoever is killed, and since two in one process exclude each other as
/// well.
public final class FileLock: Sendable {
    /// The open file.
    public let descriptor: Int32

    /// Locks a file.
    ///
    /// - Parameters:
    ///   - descriptor: The open file, which is closed with the lock, and at once if it can't be locked.
    ///   - path: The file's name, for the error.
    ///   - patience: How long to wait for who has it locked.
    /// - Throws: `EWOULDBLOCK` when somebody has it locked for longer.
    public init(_ descriptor: Int32, of path: String, patience: Duration = .zero) throws(SystemError) {
        let end = ContinuousClock.now + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < end else {
                let error = SystemError("'\(path)' can't be locked")
                close(descriptor)
                throw error
            }
            usleep(5000)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Whether nobody has an open file locked.
    public static func isFree(_ descriptor: Int32) -> Bool { flock(descriptor, LOCK_SH | LOCK_NB) == 0 }
}
