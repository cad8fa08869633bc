import Glibc

/// A value under a lock; it can be reached only while the lock is held.
///
/// The lock is a `pthread_mutex_t` and not `Synchronization.Mutex`, for which ThreadSanitizer reports false races under
/// contention. To keep the reports meaningful, every lock of the project is a ``Locked`` or a ``Condition``.
///
/// The lock is not recursive. Code under it must not call unknown code (completions, delegates, libfuse): return the
/// calls and make them after unlocking.
public final class Locked<State>: @unchecked Sendable {
    // Safe although unchecked: `state` is accessed only with `mutex` held, and values enter and leave it by `sending`.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    /// Takes over a value to which no other reference is left.
    public init(_ state: sending State) {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        self.state = state
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the lock held and returns its result.
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
