/// A few threads that run short pieces of work in the order they were given.
///
/// For what must not run where it was found to be due: decryption off the transfer thread, notifications out of request
/// handlers, SQLite away from libfuse's threads. Work that waits for the network has no place here: it keeps a
/// completion.
public final class WorkerPool: Sendable {
    private struct State {
        var work = WorkList()
        var isShutDown = false
    }

    private let state: Condition<State>
    private let threads: [NamedThread]

    /// Starts the threads.
    ///
    /// - Parameter niceness: how much they stand back behind other threads (``NamedThread``).
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init(name: String, threadCount: Int, niceness: Int32 = 0) throws(SystemError) {
        let state = Condition(State())
        var threads: [NamedThread] = []
        for number in 0..<max(1, threadCount) {
            threads.append(
                try NamedThread(name: "\(name)-\(number)", niceness: niceness) {
                    while let work = WorkerPool.takeWork(from: state) { work() }
                })
        }
        self.state = state
        self.threads = threads
    }

    deinit {
        state.change { $0.isShutDown = true }
    }

    /// Has a thread of the pool run `work` soon.
    ///
    /// - Returns: whether it will; after ``shutDown()`` it is dropped.
    @discardableResult
    public func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        state.changeForOne { state in
            guard !state.isShutDown else { return false }
            state.work.append(work)
            return true
        }
    }

    /// Ends the threads after the work that was given so far, and waits for them.
    ///
    /// Not to be called from one of them.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        for thread in threads { thread.join() }
    }

    /// The next piece of work; waits for it; nil when the pool was shut down and nothing is left.
    private static func takeWork(from state: Condition<State>) -> (@Sendable () -> Void)? {
        state.waitWithoutEnd { state -> (@Sendable () -> Void)?? in
            if let work = state.work.takeFirst() { return work }
            return state.isShutDown ? .some(.none) : .none
        }
    }
}
