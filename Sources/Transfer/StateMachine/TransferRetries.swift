import Support

/// The retries of a transfer: the waits between attempts, fresh addresses, and the end of patience.
struct TransferRetries {
    typealias Instant = SuspendingClock.Instant

    private static let maximalRefreshes = 2
    /// A credential may end between its arrival and the turn of the exchange that waited for it, but hardly twice.
    private static let maximalMissingCredentials = 2

    private let patience: Patience
    private var random: any RandomNumberGenerator
    /// The upper bound of the next wait.
    private var bound: Duration
    private var refreshes = 0
    /// The addresses that expired before an answer came; their replacement isn't bounded but by patience.
    private var expiries = 0
    /// The addresses that expired in the queue since the last request.
    private var unusedAddresses = 0
    private var missingCredentials = 0
    private var hasRenewedCredential = false
    private var lastProgress: Instant
    /// The most bytes delivered, for a request by one attempt; only bytes beyond are progress.
    private var furthest: Int64 = 0
    /// The error of the last attempt.
    private(set) var lastFailure: TransferError?

    init(_ patience: Patience, now: Instant, random: any RandomNumberGenerator) {
        self.patience = patience
        self.random = random
        bound = min(patience.firstBackoff, patience.maximalBackoff)
        lastProgress = now
    }

    /// The end of patience.
    var giveUpAt: Instant { lastProgress.advanced(by: patience.giveUp) }

    /// Draws the wait after a number of earlier failures, which is at least 1.
    mutating func firstWait(afterFailures failures: Int) -> Duration {
        for _ in 1..<failures { _ = backOff() }
        return backOff()
    }

    /// Draws a wait and doubles the bound of the next one: exponential backoff with full jitter.
    ///
    /// Full jitter draws any wait up to the bound. It spreads the retries after simultaneous failures.
    private mutating func backOff() -> Duration {
        let wait = bound * Double.random(in: 0...1, using: &random)
        bound = min(bound * 2, patience.maximalBackoff)
        return wait
    }

    /// Postpones the end of patience by time for which the server isn't to blame.
    mutating func excuse(_ time: Duration) { lastProgress = lastProgress.advanced(by: time) }

    /// Begins the patience anew, for a reader who has just begun to wait.
    mutating func renewPatience(now: Instant) { lastProgress = max(lastProgress, now) }

    /// Records the number of bytes delivered, for a request by the current attempt.
    ///
    /// - Parameter worth: The time by which each new byte postpones the end of patience.
    mutating func noteProgress(_ delivered: Int64, worth: Duration, now: Instant) {
        // A request's attempt receives the bytes of earlier attempts again.
        guard delivered > furthest else { return }
        lastProgress = min(now, lastProgress.advanced(by: worth * (delivered - furthest)))
        furthest = delivered
    }

    /// Resets waits, refreshes and renewals after bytes of a download have arrived.
    mutating func reset() {
        bound = min(patience.firstBackoff, patience.maximalBackoff)
        (refreshes, expiries, missingCredentials, hasRenewedCredential) = (0, 0, 0, false)
    }

    /// Counts a fresh address after a refusal that may be due to the old one; returns whether to ask for it.
    mutating func mayRefresh(after error: TransferError) -> Bool {
        guard refreshes < Self.maximalRefreshes else { return false }
        refreshes += 1
        lastFailure = error
        return true
    }

    /// Counts an address that has expired; returns whether to ask for another one at once, else after a wait.
    mutating func mayReplaceExpired(after error: TransferError) -> Bool {
        lastFailure = error
        guard expiries < Self.maximalRefreshes else { return false }
        expiries += 1
        return true
    }

    /// Counts an address that expired before it was used; returns whether to ask for another one.
    ///
    /// After some, the next address is used however old it is: where addresses live shorter than the queue is long,
    /// none would ever be used.
    mutating func mayReplaceUnused() -> Bool {
        guard unusedAddresses < Self.maximalRefreshes else { return false }
        unusedAddresses += 1
        return true
    }

    /// Notes that a request is sent.
    mutating func noteUse() { unusedAddresses = 0 }

    /// Counts a newer credential after a refusal; returns whether to ask for it, once until the next success.
    mutating func mayRenewCredential(after error: TransferError) -> Bool {
        guard !hasRenewedCredential else { return false }
        hasRenewedCredential = true
        lastFailure = error
        return true
    }

    /// Counts a credential that is missing; returns whether to ask for it.
    mutating func mayObtainCredential() -> Bool {
        missingCredentials += 1
        return missingCredentials <= Self.maximalMissingCredentials
    }

    /// Draws the wait after a repeatable failure; at least `retryAfter`.
    ///
    /// - Throws: The final error when the next attempt would begin after the end of patience.
    mutating func wait(
        after error: TransferError, retryAfter: Duration?, now: Instant
    ) throws(TransferError) -> Duration {
        lastFailure = error
        let wait = max(retryAfter ?? .zero, backOff())
        guard now.advanced(by: wait) >= giveUpAt else { return wait }
        guard let retryAfter, retryAfter == wait else { throw gaveUp() }
        throw TransferError(
            .deadlineExceeded, "A pause of \(retryAfter.wholeSeconds) s was requested, which is too long to wait.",
            cause: error, response: error.response)
    }

    /// The error at the end of patience while an answer still arrives.
    func gaveUp(onAnswerOf address: Address) -> TransferError {
        TransferError(
            .deadlineExceeded, "\(address) is too slow: its answer wasn't complete within \(patience.giveUp).",
            cause: lastFailure, response: lastFailure?.response)
    }

    /// The error at the end of patience.
    func gaveUp() -> TransferError {
        if let lastFailure, lastFailure.status == 404 || lastFailure.code == .addressUnavailable {
            // Repeating a 404 was a courtesy; the server's answer is the error. A source tells its own end of patience.
            return lastFailure
        }
        return TransferError(
            .deadlineExceeded, "There was no progress within \(patience.giveUp).",
            cause: lastFailure, response: lastFailure?.response)
    }
}
