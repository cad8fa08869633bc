import CFUSE
import Glibc
import Logging
import Support

/// The kernel's own read-ahead.
///
/// The kernel requests 128 KiB at a time unless the device's `read_ahead_kb`, which only root can change, says
/// otherwise. Larger requests mean fewer round trips between the kernel and this process.
enum KernelReadAhead {
    /// The value in kilobytes: the size of the kernel's largest request.
    ///
    /// The kernel sends the next request while a program still reads the bytes of the last one. A larger value doesn't
    /// speed up reading in order, and fetches more in vain for programs that seek or map a file into memory.
    private static let kilobytes = 1024

    /// Raises the read-ahead of a mounted file system, if allowed.
    ///
    /// The device is that of the kernel's table and not of `stat`, which the mount itself has to answer:
    /// if the process were killed meanwhile, the waiting thread would stay, and the mount with it.
    static func raise(forDevice device: String, logger: Logger) {
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
