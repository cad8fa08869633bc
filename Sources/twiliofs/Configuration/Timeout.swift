import ArgumentParser

/// The time without progress after which a request to a server fails, in seconds, the argument of `--timeout`.
enum Timeout {
    /// Shorter ones would fail at the first retry; longer ones reach the end of every request of the kernel, 100 s.
    static let range = 5...90

    /// Reads a time from the command line.
    static func parse(_ text: String) throws -> Int {
        guard let seconds = Int(text), range.contains(seconds) else {
            throw ValidationError(
                "'\(text)' is not a number of seconds from \(range.lowerBound) to \(range.upperBound)")
        }
        return seconds
    }
}
