import Glibc
import Support

/// A file that is locked by this process, as long as this value lives and the process does.
///
/// flock(2), since the kernel takes it back from whoever is killed, and since two in one process exclude each other as
/// well.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Locks a file, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - patience: how many seconds to wait for who has it locked.
    init(_ path: String, patience: Double) throws(SystemError) {
        let descriptor: Int32
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.open(path, O_RDWR | O_CREAT)
        } catch {
            throw SystemError(error)
        }
        let end = ContinuousClock.now + .seconds(patience)
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

    /// Whether nobody has a file locked, or it is missing.
    static func isFree(_ path: String) -> Bool {
        let descriptor: Int32
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.open(path, O_RDWR)
        } catch {
            // Nobody here has locked a file that isn't the user's own.
            return error.code == .system(ENOENT) || error.code == .wrongType || error.code == .notPrivate
        }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
}

/// Which file is meant by a path at a moment.
struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let number: UInt64

    /// Looks at a file; nil when there is none.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }
}
