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
