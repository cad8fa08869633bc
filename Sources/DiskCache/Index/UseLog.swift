import Glibc
import Support

/// Which blocks were used when, until the index is told.
///
/// A transaction for each read would cost more than the read. What a kill loses of it only makes the order less exact,
/// and so does what another process hasn't told yet.
final class UseLog: Sendable {
    private struct State {
        var times: [Int64: Int64] = [:]
        var last: Int64 = 0
    }

    private let state = Locked(State())

    /// Notes that a block is used now.
    ///
    /// - Returns: how many are noted.
    func note(_ id: Int64) -> Int {
        state.withLock { state in
            state.times[id] = Self.next(after: &state.last)
            return state.times.count
        }
    }

    /// The time in microseconds since 1970, later than any that was given before.
    func now() -> Int64 {
        state.withLock { Self.next(after: &$0.last) }
    }

    /// What was noted, and not taken before.
    func take() -> [Int64: Int64] {
        state.withLock { state in
            defer { state.times = [:] }
            return state.times
        }
    }

    /// Whether there is nothing to take.
    var isEmpty: Bool { state.withLock { $0.times.isEmpty } }

    private static func next(after last: inout Int64) -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        last = max(last + 1, Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
        return last
    }
}
