public import Support

/// The thread that writes to the catalogs of a mount, urgent work before bulk work.
///
/// SQLite allows one writer at a time for each catalog, and all catalogs are on the same disk. So one thread writes for
/// all accounts, and no queue waits for SQLite's lock behind another. Urgent work waits for at most one running piece
/// of bulk work: a batch of some ten thousand resources takes some tenths of a second. A piece of work must not wait
/// for another one.
///
/// Urgent work overtakes pages that were queued before it. What was stored or removed alone since a page was requested
/// isn't taken from the page.
public final class WriteQueue: Sendable {
    /// The order of work; work of the same urgency runs in the order of submission.
    public enum Urgency: Sendable {
        /// A few rows on which a caller or the safety of readers depends.
        case urgent

        /// Batches of a list, and their follow-up work.
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
    /// - Throws: ``SystemError`` when the system can't start a thread.
    public init() throws(SystemError) {
        let state = Condition(State())
        thread = try NamedThread(name: "catalog") {
            while let work = WriteQueue.takeWork(from: state) { work() }
        }
        self.state = state
    }

    deinit { state.change { $0.isShutDown = true } }

    /// Submits work to the thread.
    ///
    /// - Returns: whether it was accepted; after ``shutDown()`` the work is dropped.
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

    /// Waits for all work submitted so far; not to be called on the thread itself.
    public func finish() {
        let isDone = Condition(false)
        guard run(.bulk, { isDone.change { $0 = true } }) else { return }
        isDone.waitUntil { $0 }
    }

    /// Ends the thread after the work submitted so far, and waits for it; not to be called on the thread itself.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        thread.join()
    }

    /// Waits for the next piece of work; returns nil when the queue was shut down and is empty.
    private static func takeWork(from state: Condition<State>) -> WorkList.Work? {
        state.waitWithoutEnd { state -> WorkList.Work?? in
            if let work = state.urgent.takeFirst() ?? state.bulk.takeFirst() { return .some(work) }
            return state.isShutDown ? .some(nil) : nil
        }
    }
}
