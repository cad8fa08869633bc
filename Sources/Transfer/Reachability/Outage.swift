import Support

/// Why an origin isn't asked at the moment, and until when.
struct Outage: Sendable {
    typealias Instant = SuspendingClock.Instant

    let origin: Origin
    /// When the first attempt began that failed.
    let since: Instant
    /// Why the last attempt failed.
    let reason: ForeignText
    /// What to do about it, as a sentence; `nil` when there is nothing to advise.
    var remedy: String? = nil
    /// When to look again.
    let retryAt: Instant
    /// Whether an attempt is under way whose result is to be expected before `retryAt`.
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
