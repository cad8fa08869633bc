import Envelope
import Glibc

/// A file that holds one secret.
enum SecretFile {
    /// More than any key, token or passphrase has; a larger file is not one.
    private static let limit = 64 << 10

    /// Reads a secret that is handed on as a text: the file's first line.
    ///
    /// - Parameter what: the secret's name in messages.
    static func read(_ path: String, what: String) throws(Failure) -> String {
        let line = try firstLine(path, what: what, status: .credentials)
        return line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Reads the file's first line, without its end.
    static func firstLine(_ path: String, what: String, status: Failure.Status) throws(Failure) -> SecretBytes {
        let contents = try contents(path, what: what, status: status)
        let line = contents.withUnsafeBytes { bytes in
            SecretBytes(bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
        }
        guard line.count > 0 else {
            throw Failure(status, "the file '\(path)', which should hold the \(what), is empty")
        }
        return line
    }

    /// Reads a file, which has to be small, into memory that is locked and wiped.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that it may have.
    ///   - isOwnersAlone: whether a file that others can read is refused.
    static func contents(
        _ path: String, what: String, status: Failure.Status, limit: Int = limit, isOwnersAlone: Bool = false
    ) throws(Failure) -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, what, status) }
        defer { close(descriptor) }
        if isOwnersAlone {
            var file = stat()
            guard fstat(descriptor, &file) == 0 else { throw unreadable(path, what, status) }
            guard file.st_mode & 0o077 == 0 else {
                throw Failure(
                    status, "the file '\(path)' with the \(what) can be read by others: run 'chmod 600 \(path)'")
            }
        }
        var count = 0
        let buffer = try SecretBytes(count: limit + 1) { (memory) throws(Failure) in
            while count < memory.count {
                let result = Glibc.read(descriptor, memory.baseAddress.map { $0 + count }, memory.count - count)
                if result < 0, errno == EINTR { continue }
                guard result >= 0 else { throw unreadable(path, what, status) }
                if result == 0 { break }
                count += result
            }
        }
        guard count <= limit else {
            throw Failure(status, "the file '\(path)' is too large to hold the \(what)")
        }
        return buffer.withUnsafeBytes { SecretBytes($0.prefix(count)) }
    }

    private static func unreadable(_ path: String, _ what: String, _ status: Failure.Status) -> Failure {
        Failure(status, "the \(what) can't be read from '\(path)': \(String(cString: strerror(errno)))")
    }
}
