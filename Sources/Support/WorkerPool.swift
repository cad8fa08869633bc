/// A fixed number of threads that run queued work, first in, first out.
///
/// The pool keeps long work off other threads: decryption off the transfer thread, notifications and prefetching off
/// libfuse's threads. Work that waits for the network leaves a completion instead of blocking a thread of the pool.
public final class WorkerPool: Sendable {
    private struct State {
        var work = WorkList()
        var isShutDown = false
        /// The number of threads that haven't ended.
        var threadCount = 0
    }

    private let state: Condition<State>
    private let threads: [NamedThread]

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: The beginning of the threads' names; a hyphen and a number follow.
    ///   - threadCount: The number of threads, at least 1.
    ///   - niceness: The nice value of the threads, 0 to 19.
    /// - Throws: ``SystemError`` when the system can't create a thread.
    public convenience init(name: String, threadCount: Int, niceness: Int32 = 0) throws(SystemError) {
        try self.init(threadCount: threadCount) { (number, body) throws(SystemError) in
            try NamedThread(name: "\(name)-\(number)", niceness: niceness, body)
        }
    }

    /// Starts the threads.
    ///
    /// - Parameter start: Starts the thread with a number.
    init(
        threadCount: Int,
        start: (_ number: Int, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> NamedThread
    ) throws(SystemError) {
        let state = Condition(State())
        var threads: [NamedThread] = []
        do throws(SystemError) {
            for number in 0..<max(1, threadCount) {
                state.changeQuietly { $0.threadCount += 1 }
                threads.append(
                    try start(number) {
                        while let work = WorkerPool.takeWork(from: state) { work() }
                        state.change { $0.threadCount -= 1 }
                    })
            }
        } catch {
            // The threads that run already would wait for work for ever.
            state.change { $0.isShutDown = true }
            throw error
        }
        self.state = state
        self.threads = threads
    }

    /// Makes a pool without threads: its owner does the work with ``runNext()``, in an order of its own choice.
    package init() {
        state = Condition(State())
        threads = []
    }

    deinit { state.change { $0.isShutDown = true } }

    /// Whether work is queued.
    package var hasWork: Bool { state.change { !$0.work.isEmpty } }

    /// Does the next piece of queued work on this thread, if there is any.
    package func runNext() { state.change { $0.work.takeFirst() }?() }

    /// Queues `work`; after ``shutDown()``, drops it and returns false.
    @discardableResult
    public func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        state.changeForOne { state in
            guard !state.isShutDown else { return false }
            state.work.append(work)
            return true
        }
    }

    /// Refuses further work, waits until the queued work is done, and ends the threads.
    ///
    /// It must not be called on a thread of the pool, which would wait for itself.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        for thread in threads { thread.join() }
    }

    /// Refuses further work, and waits for the end of the threads, but not for long.
    ///
    /// A thread may wait for a disk that is gone. It goes on alone then, without the work that is queued.
    ///
    /// - Returns: Whether the threads have ended.
    @discardableResult
    public func shutDown(within patience: Duration) -> Bool {
        state.change { $0.isShutDown = true }
        guard state.waitUntil(timeout: patience, { $0.threadCount == 0 }) else {
            // What is dropped may hold the last reference to something: not with the lock held.
            let dropped = state.change { state in
                defer { state.work = WorkList() }
                return state.work
            }
            withExtendedLifetime(dropped) {}
            return false
        }
        for thread in threads { thread.join() }
        return true
    }

    /// Waits for the next piece of work; nil if the pool was shut down and the queue is empty.
    private static func takeWork(from state: Condition<State>) -> (@Sendable () -> Void)? {
        state.waitWithoutEnd { state -> (@Sendable () -> Void)?? in
            if let work = state.work.takeFirst() { return work }
            return state.isShutDown ? .some(.none) : .none
        }
    }
}
