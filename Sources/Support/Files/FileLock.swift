import Glibc

/// A lock on a file, held until this value is freed or the process ends.
///
/// It uses flock(2): the kernel releases the lock of a killed process, and two locks in one process exclude each other.
public final class FileLock: Sendable {
    /// The open file.
    public let descriptor: Int32

    /// Locks a file.
    ///
    /// - Parameters:
    ///   - descriptor: The open file; closed with the lock, and at once on failure.
    ///   - path: The file's name, for the error.
    ///   - patience: The longest wait for another holder.
    /// - Throws: `EWOULDBLOCK` when another holder keeps the lock for longer.
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

    deinit { close(descriptor) }

    /// Whether no ``FileLock`` is held on a file, by this process or another.
    ///
    /// If so, `descriptor` holds a shared lock, which excludes a ``FileLock``, until it is closed.
    public static func isFree(_ descriptor: Int32) -> Bool { flock(descriptor, LOCK_SH | LOCK_NB) == 0 }
}
