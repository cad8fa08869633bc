import Glibc
import Support

/// Writes whole texts.
enum WholeWriting {
    /// Writes a text, in one piece if the system takes it, and returns whether all of it was written.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                uninterrupted {
                    Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                }
            }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
