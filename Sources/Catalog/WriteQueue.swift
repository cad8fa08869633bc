public import Support

/// The thread that writes to the catalogs of a mount, urgent work before bulk work.
///
/// SQLite takes one writer at a time for each catalog, and all catalogs are on the same disk. So one thread writes,
/// whatever the number of accounts, and no queue waits for SQLite's lock behind another. Urgent work waits for at most
/// one piece of bulk work, the one that runs: a batch of some ten thousand resources takes some tenths of a second. A
/// piece of work must not wait for another one.
public final class WriteQueue: Sendable {
    /// The order of work; pieces of the same urgency are done in the order in which they were given.
    public enum Urgency: Sendable {
        /// A few rows for which somebody waits, or on which the safety of readers depends.
        case urgent

        /// Batches of a list, and what has to follow them.
        case bulk
    }

    private struct State {
        var urgent = WorkList()
        var bulk = WorkList()
        var isShutDown = false
    }

    private let state: Condition<State>
    private let thread: NamedThread

    /// Starts the thread.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init() throws(SystemError) {
        let state = Condition(State())
        thread = try NamedThread(name: "catalog") {
            while let work = WriteQueue.takeWork(from: state) { work() }
        }
        self.state = state
    }

    deinit {
        state.change { $0.isShutDown = true }
    }

    /// Has the thread do some work.
    ///
    /// - Returns: whether it will; after ``shutDown()`` the work is dropped.
    @discardableResult
    public func run(_ urgency: Urgency, _ work: @escaping @Sendable () -> Void) -> Bool {
        state.change { state in
            guard !state.isShutDown else { return false }
            switch urgency {
            case .urgent: state.urgent.append(work)
            case .bulk: state.bulk.append(work)
            }
            return true
        }
    }

    /// Waits until all work that was given so far is done; not to be called from the thread.
    public func finish() {
        let isDone = Condition(false)
        guard run(.bulk, { isDone.change { $0 = true } }) else { return }
        isDone.waitUntil { $0 }
    }

    /// Ends the thread after the work that was given so far, and waits for it; not to be called from the thread.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        thread.join()
    }

    /// The next piece of work; waits for it; nil when the queue was shut down and nothing is left.
    private static func takeWork(from state: Condition<State>) -> WorkList.Work? {
        state.waitWithoutEnd { state -> WorkList.Work?? in
            if let work = state.urgent.takeFirst() ?? state.bulk.takeFirst() { return .some(work) }
            return state.isShutDown ? .some(nil) : nil
        }
    }
}
