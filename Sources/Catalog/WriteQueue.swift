public import Support

/// The thread that writes to the catalogs of a mount, urgent work before bulk work.
///
/// SQLite takes one writer at a time for each catalog, and the disk is the same for all. So one thread writes, whatever
/// the number of accounts, and nobody waits for SQLite's lock behind another queue. Urgent work waits for at most the
/// one piece of bulk work that runs: a batch of some ten thousand resources takes some tenths of a second. Work must not
/// wait for other work of the queue.
public final class WriteQueue: Sendable {
    /// The order in which work is done; work of the same urgency is done in the order in which it was given.
    public enum Urgency: Sendable {
        /// A few rows, for which somebody waits or that a reader's safety depends on.
        case urgent

        /// Batches of a list, and whatever has to follow them.
        case bulk
    }

    private typealias Work = @Sendable () -> Void

    private struct State {
        var urgent: [Work] = []
        var bulk: [Work] = []

        mutating func next() -> Work? {
            if !urgent.isEmpty { return urgent.removeFirst() }
            return bulk.isEmpty ? nil : bulk.removeFirst()
        }
    }

    private let state = Locked(State())

    /// Has one piece of work here for each in `state`.
    private let thread: WorkerPool

    /// Starts the thread.
    ///
    /// - Throws: ``ThreadError`` when the system has no thread left.
    public init() throws(ThreadError) {
        thread = try WorkerPool(name: "catalog", threadCount: 1)
    }

    /// Does some work on the thread.
    ///
    /// - Returns: whether it will be done; after ``shutDown()`` it is dropped.
    @discardableResult
    public func run(_ urgency: Urgency, _ work: @escaping @Sendable () -> Void) -> Bool {
        // Lock order: this queue, then the thread's. The thread finds the work only after this lock is released.
        state.withLock { state in
            guard thread.run({ [self] in self.state.withLock { $0.next() }?() }) else { return false }
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
        thread.shutDown()
    }
}
