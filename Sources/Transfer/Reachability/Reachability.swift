import Support

/// Which origins can be reached: a circuit breaker for each that lately couldn't.
struct Reachability {
    typealias Instant = SuspendingClock.Instant

    /// The most origins that are remembered: presigned addresses have few, but nobody has promised that.
    static let maximalCount = 64

    private var breakers: [Origin: CircuitBreaker] = [:]

    /// Origins that could be reached once, as many as are remembered.
    private var reached: Set<Origin> = []

    /// All that are remembered.
    var known: [CircuitBreaker] { Array(breakers.values) }

    /// Decides on an attempt to connect.
    mutating func admit(_ origin: Origin, now: Instant) -> CircuitBreaker.Admission {
        guard var breaker = breakers[origin] else { return .attempt }
        let admission = breaker.admit(now: now)
        breakers[origin] = breaker.isFresh ? nil : breaker
        return admission
    }

    /// Why no attempt may be made; `nil` when one may.
    func outage(of origin: Origin, now: Instant) -> Outage? {
        breakers[origin]?.outage(now: now)
    }

    /// Whether a connection to it was made before.
    func wasReached(_ origin: Origin) -> Bool { reached.contains(origin) }

    /// A connection was made.
    ///
    /// - Returns: Whether that ends an outage, so that those that wait for the origin may go on.
    mutating func succeeded(_ origin: Origin) -> Bool {
        if reached.count < Self.maximalCount { reached.insert(origin) }
        guard let breaker = breakers.removeValue(forKey: origin) else { return false }
        return breaker.state != .closed
    }

    /// An attempt to connect failed.
    ///
    /// - Returns: Whether the origin's state has changed, so that those that wait for it decide again.
    mutating func failed(
        _ origin: Origin, _ reason: ForeignText, remedy: String? = nil, began: Instant, now: Instant
    ) -> Bool {
        var breaker = breakers[origin] ?? makeRoom(for: origin)
        let before = breaker.state
        breaker.failed(reason, remedy: remedy, began: began, now: now)
        breakers[origin] = breaker
        return breaker.state != before
    }

    /// An attempt was given up before it had a result.
    mutating func abandoned(_ origin: Origin, began: Instant, now: Instant) {
        breakers[origin]?.abandoned(began: began, now: now)
    }

    /// Forgets the one whose last failure is the longest ago, if there are too many.
    private mutating func makeRoom(for origin: Origin) -> CircuitBreaker {
        if breakers.count >= Self.maximalCount {
            let oldest = breakers.min { left, right in
                guard let leftTime = left.value.lastFailure else { return true }
                return right.value.lastFailure.map { leftTime < $0 } ?? false
            }
            if let oldest { breakers[oldest.key] = nil }
        }
        return CircuitBreaker(origin: origin)
    }
}
