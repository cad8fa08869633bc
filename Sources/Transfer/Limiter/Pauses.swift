import Support

/// The pauses of lanes that servers ask for with `Retry-After`.
struct Pauses {
    typealias Instant = SuspendingClock.Instant

    /// The end of each lane's pause; some of them are past.
    private(set) var ends: [Lane: Instant] = [:]

    /// Pauses a lane for at most ``Support/Bounds/longestWait``.
    mutating func pause(_ lane: Lane, for duration: Duration, now: Instant) {
        // Dropping ended pauses bounds their number: each lasts two minutes at the most.
        ends = ends.filter { $0.value > now }
        let end = now.advanced(by: min(duration, Bounds.longestWait))
        guard end > now else { return }
        ends[lane] = max(end, ends[lane] ?? end)
    }

    /// The end of a lane's pause; nil without one.
    func end(of lane: Lane, now: Instant) -> Instant? { ends[lane].flatMap { $0 > now ? $0 : nil } }
}
