import Glibc
import Support

/// A small file of a mount, which may be dead or hang.
struct MountedFile {
    let path: String
    let mountPoint: String
    /// The longest wait for a mount's answer, which needs no network.
    private static let patience = Duration.seconds(5)

    /// Reads the whole file on a thread, and abandons the thread if the mount doesn't answer.
    func read() throws(Failure) -> [UInt8] {
        let answer = Condition<Result<[UInt8], Failure>?>(nil)
        do throws(SystemError) {
            _ = try NamedThread(name: "status") {
                let result = Result { () throws(Failure) in try contents() }
                answer.change { $0 = result }
            }
        } catch {
            throw Failure(.other, error.message)
        }
        guard let result = answer.wait(timeout: Self.patience, until: { $0 }) else {
            throw Failure(
                .mountPoint,
                "the mount on '\(mountPoint)' has not answered for \(Self.patience): look at the log of its process, or run"
                    + " 'twiliofs unmount --lazy \(mountPoint)'")
        }
        return try result.get()
    }

    private func contents() throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        do throws(SystemError) { return try readToEnd(descriptor) } catch { throw failure(error.code.rawValue) }
    }

    private func failure(_ error: Int32) -> Failure {
        switch error {
        case ENOTCONN, ECONNABORTED:
            Failure(
                .mountPoint,
                "the mount on '\(mountPoint)' has died: mount again, which removes it, or run 'twiliofs unmount"
                    + " \(mountPoint)'")
        case EACCES:
            Failure(
                .mountPoint, "the mount on '\(mountPoint)' is another user's: ask as the user who has mounted it")
        default:
            Failure(.mountPoint, "'\(path)' can't be read: \(SystemErrorCode(rawValue: error))")
        }
    }
}
