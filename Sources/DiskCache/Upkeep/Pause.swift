/// A pause after a failure, which limits attempts and log lines.
struct Pause {
    /// The cause of the failure; nil after a success.
    private(set) var reason: String?

    private var end: ContinuousClock.Instant?

    /// Whether another attempt is due.
    func isOver(at now: ContinuousClock.Instant) -> Bool { end.map { $0 <= now } ?? true }

    /// Notes a failure, and returns whether it is the first since the last success.
    mutating func begin(_ reason: String, for duration: Duration, at now: ContinuousClock.Instant) -> Bool {
        defer { self.reason = reason }
        end = now + duration
        return self.reason == nil
    }

    /// Notes a success, and returns whether it is the first since a failure.
    mutating func finish() -> Bool {
        defer { self = Pause() }
        return reason != nil
    }
}

/// What the log tells of failures: one warning until everything works again.
struct Complaint {
    private var isTold = false

    private var last: ContinuousClock.Instant?

    /// Notes a failure, and returns whether the log should tell it.
    ///
    /// On a disk that is nearly full, storing fails for large blocks and succeeds for small ones: the next warning
    /// comes after a time.
    mutating func begin(at now: ContinuousClock.Instant, atLeastAfter time: Duration) -> Bool {
        guard !isTold, last.map({ now - $0 >= time }) ?? true else { return false }
        (isTold, last) = (true, now)
        return true
    }

    /// Notes that everything works, and returns whether the log told of a failure before.
    mutating func end() -> Bool {
        defer { isTold = false }
        return isTold
    }
}
