import Threading

/// Counts what the transfer thread does, for whoever asks.
///
/// The lock is one that is hardly ever contended: the transfer thread takes it for each piece that comes, others when
/// somebody wants to know.
final class TransferCounts: Sendable {
    private struct State {
        var statistics: TransferClient.Statistics
        var pausedUntil: RequestLimiter.Instant?
    }

    private let state: Locked<State>

    init(limiter: RequestLimiter) {
        let limits = TransferClient.Statistics.Limiter(limit: limiter.limit, maximum: limiter.maximum)
        state = Locked(State(statistics: TransferClient.Statistics(limiter: limits)))
    }

    /// The numbers now.
    func statistics(now: RequestLimiter.Instant) -> TransferClient.Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.limiter.pause = state.pausedUntil.map { max(.zero, now.duration(to: $0)) } ?? .zero
            return statistics
        }
    }

    /// Counts a request that has ended.
    func countRequest(to address: Address, _ outcome: TransferClient.Statistics.Outcome) {
        state.withLock { $0.statistics.count(outcome, at: address) }
    }

    /// Counts a repetition.
    func countRetry() {
        state.withLock { $0.statistics.retries += 1 }
    }

    /// Counts bytes of a body.
    func received(byteCount: Int) {
        state.withLock { $0.statistics.receivedBytes += Int64(byteCount) }
    }

    /// Takes note of who runs and who waits.
    func note<ID>(_ queue: AdmissionQueue<ID>) {
        state.withLock { state in
            state.statistics.running = queue.runningCount
            state.statistics.waiting = queue.waitingCounts
            state.statistics.limiter.limit = queue.limiter.limit
            state.statistics.limiter.running = queue.limiter.running
            state.pausedUntil = queue.limiter.pausedUntil
        }
    }
}
