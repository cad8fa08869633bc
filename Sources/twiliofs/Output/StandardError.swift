import Glibc

/// The stream for messages.
enum StandardError {
    /// Writes a text whole.
    static func write(_ text: String) {
        WholeWriting.write(text, to: STDERR_FILENO)
    }
}
