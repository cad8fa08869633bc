import Glibc

/// Files that the kernel makes when they are read, such as those in /proc.
enum KernelFile {
    /// The whole text of a file; nil when it can't be read.
    ///
    /// Foundation takes a read that brings less than was asked for as the end of a file. The kernel hands over some
    /// lines at a time, 4 KiB at most.
    static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (bytes, part) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
        while true {
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }
}
