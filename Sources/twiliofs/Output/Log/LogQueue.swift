import Logging
import Support

/// A queue of log lines: its own thread writes them, so no other thread waits if the log's reader stops reading.
final class LogQueue: Sendable {
    /// A rendered line.
    struct Entry: Sendable {
        let text: String
        let level: Logger.Level
    }

    private struct State {
        var entries: [Entry] = []
        var byteCount = 0
        /// The number of lines dropped since the last taken one.
        var lostCount = 0
        var isWriting = false
    }

    /// The maximum of waiting text in bytes.
    private static let limit = 1 << 20

    private let state = Condition(State())
    /// The queue's thread; nil if the system has none left.
    private let thread: NamedThread?
    private let perform: @Sendable ([Entry], _ lostCount: Int) -> Void

    /// Makes a queue; its thread ends with the process.
    ///
    /// - Parameter perform: Writes lines and the number of lines lost after them; may block.
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

    /// Adds a line, or drops it if the queue is full.
    func add(_ entry: Entry) {
        // Without the queue's thread, the caller writes: the line matters more than the wait.
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

    /// Waits until all lines are written, at most for `patience`.
    func flush(within patience: Duration) { state.waitUntil(timeout: patience) { $0.entries.isEmpty && !$0.isWriting } }
}
