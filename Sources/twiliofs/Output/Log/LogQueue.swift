import Logging
import Support

/// Log lines on their way: a thread of its own writes them, since whoever reads a log may stop reading, and no other
/// thread may wait for that.
final class LogQueue: Sendable {
    /// A line as it is written.
    struct Entry: Sendable {
        let text: String
        let level: Logger.Level
    }

    private struct State {
        var entries: [Entry] = []
        var byteCount = 0

        /// How many lines were dropped since the last one that was taken.
        var lostCount = 0
        var isWriting = false
    }

    /// The most that waits, in bytes of text.
    private static let limit = 1 << 20

    private let state = Condition(State())

    /// Nil when the system had none left.
    private let thread: NamedThread?
    private let perform: @Sendable ([Entry], _ lostCount: Int) -> Void

    /// Makes a queue; its thread ends with the process.
    ///
    /// - Parameter perform: writes lines, and tells how many were lost after them; may take its time.
    init(perform: @escaping @Sendable ([Entry], _ lostCount: Int) -> Void) {
        self.perform = perform
        let state = state
        thread = try? NamedThread(name: "log") {
            while true {
                let (entries, lostCount) = state.waitWithoutEnd { state -> ([Entry], Int)? in
                    guard !state.entries.isEmpty else { return nil }
                    let taken = (state.entries, state.lostCount)
                    (state.entries, state.byteCount, state.lostCount) = ([], 0, 0)
                    state.isWriting = true
                    return taken
                }
                perform(entries, lostCount)
                state.change { $0.isWriting = false }
            }
        }
    }

    /// Has a line written soon; drops it when too much waits already.
    func add(_ entry: Entry) {
        // Without a thread left in the system, the line matters more than the time.
        guard thread != nil else { return perform([entry], 0) }
        state.change { state in
            guard state.byteCount + entry.text.utf8.count <= Self.limit else {
                state.lostCount += 1
                return
            }
            state.entries.append(entry)
            state.byteCount += entry.text.utf8.count
        }
    }

    /// Waits until what was added is written, for a time at most.
    func flush(within patience: Duration) {
        state.waitUntil(timeout: patience) { $0.entries.isEmpty && !$0.isWriting }
    }
}
