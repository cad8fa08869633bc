import Foundation
import Glibc
import Support

/// Ends the run when a test takes longer than it may: a thread that blocks can't be cancelled.
///
/// It prints the names of all tests that run. ``TestRun`` removes mounts and processes that are left.
final class Watchdog: Sendable {
    /// The watchdog of the process.
    static let shared = Watchdog()

    /// A test that runs.
    private struct Entry {
        let name: String
        let started: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
    }

    private struct State {
        var running: [Int: Entry] = [:]
        var next = 0
    }

    private let state = Condition(State())
    private let thread: NamedThread

    private init() {
        let state = state
        do {
            thread = try NamedThread(name: "watchdog") { Self.watch(state) }
        } catch {
            fatalError("\(error)")
        }
    }

    /// Begins to watch a test.
    ///
    /// - Returns: its number, for ``forget(_:)``.
    func watch(_ name: String, limit: Duration) -> Int {
        let now = ContinuousClock.now
        let entry = Entry(name: name, started: now, deadline: now + limit * TestPatience.factor)
        return state.change { state in
            state.next += 1
            state.running[state.next] = entry
            return state.next
        }
    }

    /// Ends watching a test.
    func forget(_ number: Int) {
        state.changeQuietly { _ = $0.running.removeValue(forKey: number) }
    }

    /// Waits for a test that is late, for ever if need be.
    private static func watch(_ state: Condition<State>) {
        while true {
            let late = state.wait(timeout: .seconds(1)) { state -> [String]? in
                let now = ContinuousClock.now
                guard state.running.values.contains(where: { $0.deadline < now }) else { return nil }
                return state.running.values.sorted { $0.started < $1.started }.map { entry in
                    let seconds = (now - entry.started).components.seconds
                    return "\(entry.deadline < now ? "TIMED OUT" : "running") after \(seconds) s: \(entry.name)"
                }
            }
            guard let late else { continue }
            FileHandle.standardError.write(Data((late.joined(separator: "\n") + "\n").utf8))
            _exit(EXIT_FAILURE)
        }
    }
}
