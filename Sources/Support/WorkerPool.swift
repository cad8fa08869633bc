/// A few threads that run short pieces of work in order.
///
/// It takes work off other threads: decryption off the transfer thread, notifications off request handlers, SQLite off
/// libfuse's threads. Work that waits for the network stores a completion instead of blocking a thread here.
public final class WorkerPool: Sendable {
    private struct State {
        var work = WorkList()
        var isShutDown = false
    }

    private let state: Condition<State>
    private let threads: [NamedThread]

    /// Starts the threads with a nice value (``NamedThread``).
    ///
    /// - Throws: ``SystemError`` when the system can't create a thread.
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

    deinit { state.change { $0.isShutDown = true } }

    /// Queues `work`; returns false and drops it after ``shutDown()``.
    @discardableResult
    public func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        state.changeForOne { state in
            guard !state.isShutDown else { return false }
            state.work.append(work)
            return true
        }
    }

    /// Waits for the queued work and ends the threads; not to be called from one of them.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        for thread in threads { thread.join() }
    }

    /// Waits for the next piece of work; nil when the pool was shut down and the queue is empty.
    private static func takeWork(from state: Condition<State>) -> (@Sendable () -> Void)? {
        state.waitWithoutEnd { state -> (@Sendable () -> Void)?? in
            if let work = state.work.takeFirst() { return work }
            return state.isShutDown ? .some(.none) : .none
        }
    }
}
