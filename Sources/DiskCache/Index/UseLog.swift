import Glibc
import Support

/// The uses of blocks that the index doesn't have yet.
///
/// A transaction for each read would cost more than the read. Uses lost in a kill, or not yet written by another
/// process, make the order of eviction slightly less exact.
final class UseLog: Sendable {
    private struct State {
        var times: [Int64: Int64] = [:]
        var last: Int64 = 0
    }

    private let state = Locked(State())

    /// Notes a use of a block now, and returns the number of blocks noted.
    func note(_ id: Int64) -> Int {
        state.withLock { state in
            state.times[id] = Self.next(after: &state.last)
            return state.times.count
        }
    }

    /// The time in microseconds since 1970, always later than the previous result.
    func now() -> Int64 { state.withLock { Self.next(after: &$0.last) } }

    /// Returns the noted uses, and clears them.
    func take() -> [Int64: Int64] {
        state.withLock { state in
            defer { state.times = [:] }
            return state.times
        }
    }

    /// Whether no uses are noted.
    var isEmpty: Bool { state.withLock { $0.times.isEmpty } }

    private static func next(after last: inout Int64) -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        last = max(last + 1, Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
        return last
    }
}
