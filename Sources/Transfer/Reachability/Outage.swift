import Support

/// An interval in which an unreachable origin gets no requests.
struct Outage: Sendable {
    typealias Instant = SuspendingClock.Instant

    let origin: Origin
    /// The start of the first failed attempt.
    let since: Instant
    /// The reason of the last failure.
    let reason: ForeignText
    /// The remedy, as a sentence, if any.
    var remedy: String? = nil
    /// The time of the next check.
    let retryAt: Instant
    /// Whether a running attempt probably ends before `retryAt`.
    let isProbed: Bool

    /// The error of a request that doesn't wait for the end of the outage.
    func error(now: Instant) -> TransferError {
        let seconds = max(1, now.duration(to: retryAt).wholeSeconds)
        let next = isProbed ? "an attempt is under way" : "next attempt in \(seconds) s"
        let fact = "\(origin) can't be reached: \(reason)"
        return TransferError(
            .hostUnreachable, "\(fact); \(next).", remedy: remedy,
            details: TransferErrorCode.Details(lastingFact: "\(fact).", host: origin.bareHost))
    }
}
