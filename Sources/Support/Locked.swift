import Glibc

/// A value that is only reachable while its lock is held.
///
/// The lock is a `pthread_mutex_t` on the heap and not `Synchronization.Mutex`, because ThreadSanitizer understands the
/// former: under contention it reports races of the latter that aren't there. Every lock of the project is one of
/// these, or in a ``Condition``, so that its reports stay meaningful.
///
/// The lock is not recursive. Code that runs under it must not call out to unknown code (completions, delegates,
/// libfuse): take what is to be done out of the lock and do it afterwards.
public final class Locked<State>: @unchecked Sendable {
    // Safe although unchecked: `state` is only touched between lock and unlock, and what enters or leaves it is
    // `sending`.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    /// Makes a lock around a value, which nothing else refers to any more.
    public init(_ state: sending State) {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        self.state = state
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the lock held and returns what it returns.
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
