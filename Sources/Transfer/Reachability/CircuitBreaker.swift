import Support

/// Remembers that an origin can't be reached, so that not every request has to find out for itself.
///
/// Closed, every attempt may be made. It opens when three attempts in a row have failed to connect, or one that took
/// long: a service that restarts refuses once or twice, and a name server that doesn't answer won't answer the next
/// question either. Open, no attempt is made for 1, 2, 4 … 60 seconds. Then it is half open: one attempt is made, the
/// probe; when it fails the breaker is open for twice as long. Any connection closes it.
///
/// Only the making of connections counts. What a server answers, and a connection that breaks, say that it is there.
struct CircuitBreaker {
    typealias Instant = SuspendingClock.Instant

    /// What becomes of an attempt.
    enum Admission {
        /// It may be made.
        case attempt
        /// It may be made, and others wait for its result.
        case probe
        /// It isn't made.
        case refusal(Outage)
    }

    enum State: Equatable {
        case closed
        case open(until: Instant)
        /// The time is that of the probe's begin.
        case halfOpen(since: Instant)
    }

    /// So many quick failures in a row open it.
    static let quickFailures = 3
    /// One failure that takes as long as this opens it.
    static let slowFailure = Duration.seconds(3)
    /// How long it is open first.
    static let firstPause = Duration.seconds(1)
    /// What that time stops doubling at.
    static let longestPause = Duration.seconds(60)
    /// How long others wait for the result of a probe.
    ///
    /// A connection across the world takes half a second. An attempt that has no result by then is probably one to a
    /// host that doesn't answer at all.
    static let probeTime = Duration.seconds(2)
    /// How long a failure is remembered when nothing is asked of the host meanwhile.
    static let memory = Duration.seconds(600)

    let origin: Origin
    private(set) var state = State.closed
    /// Attempts in a row that failed.
    private(set) var failures = 0
    /// Why the last one failed.
    private(set) var reason: ForeignText = ""
    /// What to do about that, as a sentence.
    private var remedy: String?
    private(set) var lastFailure: Instant?
    private var since: Instant?
    private var pause = Self.firstPause

    init(origin: Origin) {
        self.origin = origin
    }

    /// Whether it knows of no failure.
    var isFresh: Bool { failures == 0 && state == .closed }

    /// Decides on an attempt.
    ///
    /// Its owner reports how it ended: `succeeded`, `failed` or `abandoned`, the latter two with the same time.
    mutating func admit(now: Instant) -> Admission {
        if let lastFailure, lastFailure.duration(to: now) > Self.memory {
            self = CircuitBreaker(origin: origin)
        }
        switch state {
        case .closed:
            return .attempt
        case .open(let until) where now >= until:
            state = .halfOpen(since: now)
            return .probe
        case .open, .halfOpen:
            return outage(now: now).map { .refusal($0) } ?? .attempt
        }
    }

    /// Why no attempt may be made; `nil` when one may.
    func outage(now: Instant) -> Outage? {
        let (retryAt, isProbed): (Instant, Bool)
        switch state {
        case .closed:
            return nil
        case .open(let until):
            (retryAt, isProbed) = (until, false)
        case .halfOpen(let began):
            let expected = began.advanced(by: Self.probeTime)
            (retryAt, isProbed) = now < expected ? (expected, true) : (now.advanced(by: Self.firstPause), false)
        }
        return Outage(
            origin: origin, since: since ?? now, reason: reason, remedy: remedy, retryAt: retryAt, isProbed: isProbed)
    }

    /// A connection was made.
    mutating func succeeded() {
        self = CircuitBreaker(origin: origin)
    }

    /// An attempt failed to connect.
    ///
    /// - Parameters:
    ///   - reason: Why, in a few words.
    ///   - remedy: What to do about it, as a sentence.
    ///   - began: When it was admitted.
    ///   - now: The time.
    mutating func failed(_ reason: ForeignText, remedy: String? = nil, began: Instant, now: Instant) {
        switch state {
        case .closed:
            // Those that began before the last failure are of the same burst, and one burst is one failure.
            guard began >= lastFailure ?? began else { return }
            failures += 1
            since = since ?? began
            note(reason, remedy, now)
            if failures >= Self.quickFailures || began.duration(to: now) >= Self.slowFailure {
                state = .open(until: now.advanced(by: pause))
            }
        case .open:
            break
        case .halfOpen(let probeBegan):
            guard began == probeBegan else { return }
            failures = failures.addingSaturated(1)
            note(reason, remedy, now)
            pause = min(pause * 2, Self.longestPause)
            state = .open(until: now.advanced(by: pause))
        }
    }

    /// An attempt was given up before it had a result, which nobody wants any more.
    ///
    /// When it was the probe, the next attempt is one.
    mutating func abandoned(began: Instant, now: Instant) {
        if case .halfOpen(began) = state {
            state = .open(until: now)
        }
    }

    private mutating func note(_ reason: ForeignText, _ remedy: String?, _ now: Instant) {
        self.reason = reason
        self.remedy = remedy
        lastFailure = now
    }
}
