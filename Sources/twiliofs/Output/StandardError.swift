import Glibc

/// The stream for messages.
enum StandardError {
    static func write(_ text: String) { WholeWriting.write(text, to: STDERR_FILENO) }
}
