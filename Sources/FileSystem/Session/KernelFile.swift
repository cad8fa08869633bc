import Glibc
import Support

/// Files that the kernel generates, such as those in /proc.
enum KernelFile {
    /// The whole text of a file; nil if it can't be read.
    static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return (try? readToEnd(descriptor)).map { String(decoding: $0, as: UTF8.self) }
    }
}
