import Support

/// When the next request of a lane may start, as servers ask with `Retry-After`.
struct Pauses {
    typealias Instant = SuspendingClock.Instant

    private var ends: [Lane: Instant] = [:]

    /// Lets no request of a lane start for a time, which is at most ``Support/Bounds/longestWait``.
    mutating func pause(_ lane: Lane, for duration: Duration, now: Instant) {
        // Those that are over are dropped here, so that there are never more than lanes in two minutes.
        ends = ends.filter { $0.value > now }
        let end = now.advanced(by: min(duration, Bounds.longestWait))
        guard end > now else { return }
        ends[lane] = max(end, ends[lane] ?? end)
    }

    /// The end of a lane's pause; `nil` when its requests may start.
    func end(of lane: Lane, now: Instant) -> Instant? {
        ends[lane].flatMap { $0 > now ? $0 : nil }
    }

    /// All pauses, some of which may be over.
    var all: [Lane: Instant] { ends }
}
