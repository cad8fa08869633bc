/// One exchange of a transfer, from queueing to its end.
struct TransferAttempt {
    typealias Instant = SuspendingClock.Instant

    enum Phase {
        case queued(since: Instant)
        case connecting
        case awaitingHead
        case redirecting(to: Address)
        case refusing(ResponseHead, retryAfter: Duration?, reason: TransferError?)
        case receiving(TransferProgress.Part)
    }

    let address: Address
    let redirects: Int
    /// Whether the request is sent with `If-Match`.
    var isConditional = false
    var phase: Phase
    /// The authorization that the request was sent with, if any.
    var authorization: Authorization?
    /// The time at which the connection counts as stalled without further bytes; see `Patience.timePerByte`.
    var stallsAt: Instant
    /// The head of the response, once accepted.
    var head: ResponseHead?
    /// The number of body bytes received.
    private(set) var received: Int64 = 0
    /// The start of the receiver's pause.
    private(set) var pausedSince: Instant?

    /// Whether the receiver has paused the exchange.
    var isPaused: Bool { pausedSince != nil }

    /// Counts received bytes, which postpone the stall.
    mutating func noteBytes(_ count: Int, now: Instant, stall: Duration) {
        stallsAt = min(stallsAt.advanced(by: Patience.timePerByte * count), now.advanced(by: stall))
        received += Int64(count)
    }

    /// The receiver has paused.
    mutating func pause(now: Instant) { pausedSince = pausedSince ?? now }

    /// The receiver has resumed; returns the pause, for which the server isn't to blame.
    mutating func resume(now: Instant) -> Duration {
        guard let since = pausedSince else { return .zero }
        pausedSince = nil
        let pause = since.duration(to: now)
        stallsAt = stallsAt.advanced(by: pause)
        return pause
    }
}
