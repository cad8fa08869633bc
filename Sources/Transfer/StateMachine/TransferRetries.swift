/// How long a transfer keeps trying: the waits between its attempts, fresh addresses, and the end of its patience.
struct TransferRetries {
    typealias Instant = SuspendingClock.Instant

    private static let maximalRefreshes = 2

    private let patience: Patience
    private var random: any RandomNumberGenerator
    private var backoff: Backoff
    private var refreshes = 0
    private var lastProgress: Instant
    /// The most bytes that an attempt of a request brought: only what goes beyond is progress.
    private var furthest: Int64 = 0
    /// Why the last attempt failed.
    private(set) var lastFailure: TransferError?

    init(_ patience: Patience, now: Instant, random: any RandomNumberGenerator) {
        self.patience = patience
        self.random = random
        backoff = Backoff(first: patience.firstBackoff, maximum: patience.maximalBackoff)
        lastProgress = now
    }

    /// When patience ends.
    var giveUpAt: Instant { lastProgress.advanced(by: patience.giveUp) }

    /// Draws the wait that comes after so many failures of others; at least one.
    mutating func firstWait(afterFailures failures: Int) -> Duration {
        for _ in 1..<failures { _ = backoff.next(using: &random) }
        return backoff.next(using: &random)
    }

    /// Puts off the end of patience by time for which the server isn't to blame.
    mutating func excuse(_ time: Duration) {
        lastProgress = lastProgress.advanced(by: time)
    }

    /// Takes note of how many bytes the attempt has handed on.
    mutating func noteProgress(_ delivered: Int64, now: Instant) {
        // An attempt of a request brings again what those before it brought.
        guard delivered > furthest else { return }
        lastProgress = min(now, lastProgress.advanced(by: Patience.timePerByte * (delivered - furthest)))
        furthest = delivered
    }

    /// Starts again with short waits, and with all fresh addresses: something went well.
    mutating func reset() {
        backoff.reset()
        refreshes = 0
    }

    /// Takes a fresh address into account, after a refusal that may be due to the old one.
    ///
    /// - Returns: Whether it may be asked for.
    mutating func mayRefresh(after error: TransferError) -> Bool {
        guard refreshes < Self.maximalRefreshes else { return false }
        refreshes += 1
        lastFailure = error
        return true
    }

    /// Draws the wait after a failure that is worth another attempt.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - retryAfter: The shortest wait that the server allows.
    ///   - now: The time.
    /// - Throws: The error to end with, when the next attempt would only begin after patience has ended.
    mutating func wait(
        after error: TransferError, retryAfter: Duration?, now: Instant
    ) throws(TransferError) -> Duration {
        lastFailure = error
        let wait = max(retryAfter ?? .zero, backoff.next(using: &random))
        guard now.advanced(by: wait) >= giveUpAt else { return wait }
        guard let retryAfter, retryAfter == wait else { throw gaveUp() }
        throw TransferError(
            .deadlineExceeded, "A pause of \(retryAfter.wholeSeconds) s was requested, which is too long to wait.",
            cause: error, response: error.response)
    }

    /// The error of a transfer whose patience has ended.
    func gaveUp() -> TransferError {
        if let lastFailure, lastFailure.status == 404 {
            // Repeating it was a courtesy. What the server said is what is wrong.
            return lastFailure
        }
        return TransferError(
            .deadlineExceeded, "There was no progress within \(patience.giveUp).",
            cause: lastFailure, response: lastFailure?.response)
    }
}
