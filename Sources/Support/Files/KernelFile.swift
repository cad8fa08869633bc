import Glibc

/// Reads files that the kernel generates, as in `/proc`.
public enum KernelFile {
    /// Reads a file to its end.
    ///
    /// - Parameter limit: The largest number of bytes to read. The default is enough for any table of mounts.
    /// - Returns: The bytes, at most `limit`; nil when the file can't be read.
    public static func bytes(of path: String, limit: Int = 64 << 20) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return try? readToEnd(descriptor, limit: limit)
    }

    /// Reads a file as text, as ``bytes(of:limit:)`` does.
    public static func text(of path: String, limit: Int = 64 << 20) -> String? {
        bytes(of: path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }
}
