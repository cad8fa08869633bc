import Support

/// Remembers that an origin is unreachable, so that requests fail without trying it again.
///
/// A closed breaker lets every attempt pass. Three consecutive failures to connect open it (a service that restarts
/// refuses once or twice), or one slow failure (a name server that doesn't answer won't answer the next question). An
/// open breaker lets none pass for 1, 2, 4 … 60 seconds. Then it is half open: one attempt, the probe, passes; its
/// failure opens the breaker for twice as long, but for 4 seconds at most when it was quick: such an attempt costs
/// nobody anything, and a service that is there again shall not be missed for a minute. Any connection closes it.
///
/// Only connecting counts: responses and broken connections prove that the server exists.
struct CircuitBreaker {
    typealias Instant = SuspendingClock.Instant

    enum State: Equatable {
        case closed
        case open(until: Instant)
        /// A probe has been running since then.
        case halfOpen(since: Instant)
    }

    /// The number of consecutive quick failures that open the breaker.
    static let quickFailures = 3
    /// The duration of a single failure that opens the breaker.
    static let slowFailure = Duration.seconds(3)
    /// The duration of the first opening.
    static let firstPause = Duration.seconds(1)
    /// The longest duration of an opening.
    static let longestPause = Duration.seconds(60)
    /// The longest duration of an opening after a probe that failed quickly.
    static let longestPauseOfQuick = Duration.seconds(4)
    /// The time that other requests wait for the result of a probe.
    ///
    /// Connecting across the world takes half a second; a probe without a result by then probably meets a silent host.
    static let probeTime = Duration.seconds(2)
    /// The time for which a failure is remembered without further ones.
    static let memory = Duration.seconds(600)

    let origin: Origin
    private(set) var state = State.closed
    /// The number of consecutive failures.
    private(set) var failures = 0
    /// The reason of the last failure.
    private(set) var reason: ForeignText = ""
    /// The remedy for the last failure, as a sentence.
    private(set) var remedy: String?
    private(set) var lastFailure: Instant?
    /// The start of the first failed attempt.
    private(set) var since: Instant?
    /// The duration of the next opening.
    private(set) var pause = Self.firstPause

    /// Whether there was no failure.
    var isFresh: Bool { failures == 0 && state == .closed }

    /// Admits an attempt, or returns the outage that forbids it.
    ///
    /// The owner of an admitted attempt reports its end: `succeeded`, or `failed` or `abandoned` with `now` as `began`.
    mutating func admit(now: Instant) -> Outage? {
        if let lastFailure, lastFailure.duration(to: now) > Self.memory {
            self = CircuitBreaker(origin: origin)
        }
        if case .open(let until) = state, now >= until {
            state = .halfOpen(since: now)
            return nil
        }
        return outage(now: now)
    }

    /// The outage; nil while every attempt may be made.
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
    mutating func succeeded() { self = CircuitBreaker(origin: origin) }

    /// An attempt failed to connect.
    ///
    /// - Parameter began: The time of its admission.
    mutating func failed(_ reason: ForeignText, remedy: String? = nil, began: Instant, now: Instant) {
        switch state {
        case .closed:
            // Attempts that began before the last failure belong to its burst, and a burst is one failure.
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
            let isQuick = began.duration(to: now) < Self.slowFailure
            pause = min(pause * 2, isQuick ? Self.longestPauseOfQuick : Self.longestPause)
            state = .open(until: now.advanced(by: pause))
        }
    }

    /// An attempt was given up without a result; if it was the probe, the next attempt becomes the probe.
    mutating func abandoned(began: Instant, now: Instant) {
        if case .halfOpen(began) = state { state = .open(until: now) }
    }

    private mutating func note(_ reason: ForeignText, _ remedy: String?, _ now: Instant) {
        self.reason = reason
        self.remedy = remedy
        lastFailure = now
    }
}
