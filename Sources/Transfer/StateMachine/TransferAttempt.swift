/// One exchange of a transfer, from the queue to its end.
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
    var phase: Phase
    /// When the connection is taken for dead unless it brings something before; see `Patience.timePerByte`.
    var stallsAt: Instant
    /// The beginning of the answer, once it is accepted.
    var head: ResponseHead?
    /// Bytes of the body so far.
    private(set) var received: Int64 = 0
    /// Since when the receiver takes no bytes.
    private var pausedSince: Instant?

    init(address: Address, redirects: Int, phase: Phase, stallsAt: Instant) {
        self.address = address
        self.redirects = redirects
        self.phase = phase
        self.stallsAt = stallsAt
    }

    /// Whether the receiver takes no bytes.
    var isPaused: Bool { pausedSince != nil }

    /// Takes note of bytes of the body, which put off the moment at which it counts as stalled.
    mutating func noteBytes(_ count: Int, now: Instant, stall: Duration) {
        stallsAt = min(stallsAt.advanced(by: Patience.timePerByte * count), now.advanced(by: stall))
        received += Int64(count)
    }

    /// The receiver takes no bytes from now on.
    mutating func pause(now: Instant) {
        guard pausedSince == nil else { return }
        pausedSince = now
    }

    /// The receiver takes bytes again; the server isn't to blame for the time since it took none.
    ///
    /// - Returns: That time.
    mutating func resume(now: Instant) -> Duration {
        guard let since = pausedSince else { return .zero }
        pausedSince = nil
        let pause = since.duration(to: now)
        stallsAt = stallsAt.advanced(by: pause)
        return pause
    }
}
