import Glibc

/// Does what the process needs of its standard streams.
enum StandardStreams {
    /// Hands on what was printed, whatever standard output is.
    static func flush() {
        fflush(nil)
    }

    /// Sends the process SIGTERM when its standard input is closed, from a thread of its own.
    static func endProcessWhenInputCloses() {
        var thread = pthread_t()
        pthread_create(&thread, nil, awaitEndOfInput, nil)
        pthread_detach(thread)
    }
}

/// Reads standard input to its end, and then ends the process.
private func awaitEndOfInput(_: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    var byte: UInt8 = 0
    while true {
        let count = read(STDIN_FILENO, &byte, 1)
        if count == 0 || (count < 0 && errno != EINTR) { break }
    }
    kill(getpid(), SIGTERM)
    return nil
}
