import Glibc
import Support

/// Files that the kernel makes when they are read, such as those in /proc.
enum KernelFile {
    /// The whole text of a file; nil when it can't be read.
    static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return (try? readToEnd(descriptor)).map { String(decoding: $0, as: UTF8.self) }
    }
}
