import CFUSE
import Glibc
import Logging
import Support

/// How much the kernel reads ahead of programs by itself.
///
/// It asks a filesystem for 128 KiB at a time unless its device's `read_ahead_kb` says otherwise, which root alone can
/// change; more in one request means fewer ways between the kernel and this process.
enum KernelReadAhead {
    /// Kilobytes: one of the largest requests.
    ///
    /// The kernel begins the next while a program is still reading the one before. With more, reading in order becomes
    /// no faster, while who seeks, or maps a file into memory, has more fetched for nothing.
    private static let kilobytes = 1024

    /// Raises it for a mounted file system, when that is allowed.
    static func raise(for mountPoint: String, logger: Logger) {
        // Not `stat`, which the mount itself would have to answer: were the process killed meanwhile, the thread that
        // waits would stay, and the mount with it.
        guard let device = MountPoint.device(mountedOn: mountPoint) else { return }
        let path = "/sys/class/bdi/\(device)/read_ahead_kb"
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            logger.debug("the kernel's read-ahead was not changed: \(path): \(SystemErrorCode.current)")
            return
        }
        defer { close(descriptor) }
        let text = Array("\(kilobytes)\n".utf8)
        if write(descriptor, text, text.count) != text.count {
            logger.debug("the kernel's read-ahead was not changed: \(path): \(SystemErrorCode.current)")
        }
    }
}
