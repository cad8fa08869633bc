import Glibc

/// Files of the kernel, such as those in `/proc`, which are made when they are read.
public enum KernelFile {
    /// Reads a file to its end.
    ///
    /// Foundation takes a read that brings less than was asked for as the end of a file. The kernel hands over some
    /// lines at a time, 4 KiB at most.
    ///
    /// - Parameter limit: the number of bytes after which no more are read; a whole table of mounts is within it.
    /// - Returns: the bytes, at most `limit`; nil when the file can't be read.
    public static func bytes(of path: String, limit: Int = 64 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (bytes, part) = ([UInt8](), [UInt8](repeating: 0, count: min(limit, 64 << 10)))
        while bytes.count < limit {
            let count = read(descriptor, &part, min(part.count, limit - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return bytes
    }

    /// Reads a file as text, as ``bytes(of:limit:)`` does.
    public static func text(of path: String, limit: Int = 64 << 20) -> String? {
        bytes(of: path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }
}
