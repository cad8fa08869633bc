import Support

/// A snapshot of the transfer thread's queue and hosts, for other threads.
///
/// Its lock is rarely contended: the transfer thread takes it once in each round of its loop.
final class TransferCounts: Sendable {
    private struct State {
        var statistics: TransferClient.Statistics
        var pauses: [Lane: Pauses.Instant] = [:]
        var breakers: [CircuitBreaker] = []
    }

    private let state: Locked<State>

    init(limiter: RequestLimiter) {
        let limits = TransferClient.Statistics.Limiter(limit: limiter.limit, maximum: limiter.maximum)
        state = Locked(State(statistics: TransferClient.Statistics(limiter: limits)))
    }

    /// The statistics at a time.
    func statistics(now: Pauses.Instant) -> TransferClient.Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.hosts = Self.hosts(state, now: now)
            statistics.limiter.pause = statistics.hosts.map(\.pause).max() ?? .zero
            return statistics
        }
    }

    private static func hosts(_ state: State, now: Pauses.Instant) -> [TransferClient.Statistics.Host] {
        var hosts: [String: TransferClient.Statistics.Host] = [:]
        for breaker in state.breakers {
            let name = breaker.origin.description
            hosts[name] = TransferClient.Statistics.Host(name: name, breaker, now: now)
        }
        for (lane, end) in state.pauses where end > now {
            let name = lane.origin.description
            var host = hosts[name] ?? TransferClient.Statistics.Host(name: name)
            host.pause = max(host.pause, now.duration(to: end))
            hosts[name] = host
        }
        return hosts.values.sorted { $0.name < $1.name }
    }

    /// Stores the numbers of running and waiting exchanges, the pauses and the circuit breakers.
    func note<ID>(_ queue: AdmissionQueue<ID>, _ reachability: Reachability) {
        state.withLock { state in
            state.statistics.running = queue.runningCount
            state.statistics.waiting = queue.waitingCounts
            state.statistics.limiter.limit = queue.limiter.limit
            state.statistics.limiter.running = queue.limiter.running
            state.pauses = queue.pauses.ends
            state.breakers = reachability.known
        }
    }
}
