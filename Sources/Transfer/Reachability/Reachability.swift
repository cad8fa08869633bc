import Support

/// The circuit breakers of origins that lately were unreachable.
struct Reachability {
    typealias Instant = SuspendingClock.Instant

    /// The largest number of origins remembered; presigned addresses can have any number.
    static let maximalCount = 64

    private var breakers: [Origin: CircuitBreaker] = [:]
    /// Origins reached at least once, up to `maximalCount`.
    private var reached: Set<Origin> = []
    /// All breakers.
    var known: [CircuitBreaker] { Array(breakers.values) }

    /// Admits an attempt to connect, or returns the outage that forbids it.
    mutating func admit(_ origin: Origin, now: Instant) -> Outage? {
        guard var breaker = breakers[origin] else { return nil }
        let outage = breaker.admit(now: now)
        breakers[origin] = breaker.isFresh ? nil : breaker
        return outage
    }

    /// The outage of an origin; nil without one.
    func outage(of origin: Origin, now: Instant) -> Outage? { breakers[origin]?.outage(now: now) }

    /// Whether the origin was reached before.
    func wasReached(_ origin: Origin) -> Bool { reached.contains(origin) }

    /// A connection was made; returns whether that ends an outage, so that requests waiting for the origin may go on.
    mutating func succeeded(_ origin: Origin) -> Bool {
        if reached.count < Self.maximalCount { reached.insert(origin) }
        guard let breaker = breakers.removeValue(forKey: origin) else { return false }
        return breaker.state != .closed
    }

    /// An attempt failed to connect; returns the outage if the failure begins or prolongs one.
    mutating func failed(
        _ origin: Origin, _ reason: ForeignText, remedy: String? = nil, began: Instant, now: Instant
    ) -> Outage? {
        var breaker = breakers[origin] ?? makeRoom(for: origin)
        let before = breaker.state
        breaker.failed(reason, remedy: remedy, began: began, now: now)
        breakers[origin] = breaker
        return breaker.state == before ? nil : breaker.outage(now: now)
    }

    /// An attempt was given up without a result.
    mutating func abandoned(_ origin: Origin, began: Instant, now: Instant) {
        breakers[origin]?.abandoned(began: began, now: now)
    }

    /// Makes a breaker; forgets the one with the oldest last failure when there are too many.
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
