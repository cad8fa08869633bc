import Foundation
import Support

/// Lets a few suites run at the same time; the others wait without a thread.
final class SuiteGate: Sendable {
    /// The gate of the process.
    ///
    /// Most tests that mount wait for other processes, the others need a core: with three suites a core, all are busy.
    /// `TEST_SUITES` in the environment sets another number.
    static let shared = SuiteGate(
        width: ProcessInfo.processInfo.environment["TEST_SUITES"].flatMap { Int($0) }
            ?? 3 * ProcessInfo.processInfo.activeProcessorCount)

    private struct State {
        var free: Int
        var ahead: [CheckedContinuation<Void, Never>] = []
        var behind: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Locked<State>

    /// Makes a gate for so many suites at the same time.
    init(width: Int) {
        state = Locked(State(free: max(1, width)))
    }

    /// Waits for a place.
    ///
    /// - Parameter ahead: whether it goes before those that don't.
    func enter(ahead: Bool) async {
        await withCheckedContinuation { continuation in
            let enters = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                if ahead { state.ahead.append(continuation) } else { state.behind.append(continuation) }
                return false
            }
            if enters { continuation.resume() }
        }
    }

    /// Gives the place to the next suite.
    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.ahead.isEmpty { return state.ahead.removeFirst() }
            if !state.behind.isEmpty { return state.behind.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
