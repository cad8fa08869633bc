/// Time off after a failure, so that what can't work isn't tried all the time, nor said each time.
struct Pause {
    /// Why; nil when there is none.
    private(set) var reason: String?

    private var end: ContinuousClock.Instant?

    /// Whether it is worth trying.
    func isOver(at now: ContinuousClock.Instant) -> Bool {
        end.map { $0 <= now } ?? true
    }

    /// Takes a failure in.
    ///
    /// - Parameter duration: how long nothing is tried.
    /// - Returns: whether it is the first since the last success: the one to be logged.
    mutating func begin(_ reason: String, for duration: Duration, at now: ContinuousClock.Instant) -> Bool {
        defer { self.reason = reason }
        end = now + duration
        return self.reason == nil
    }

    /// Takes a success in.
    ///
    /// - Returns: whether it is the first since a failure.
    mutating func finish() -> Bool {
        defer {
            reason = nil
            end = nil
        }
        return reason != nil
    }
}
