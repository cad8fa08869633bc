import Glibc

/// A value under a lock; threads can wait for its changes.
public final class Condition<State>: @unchecked Sendable {
    // Safe although unchecked: `state` is accessed only with `mutex` held.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    /// Takes over a value to which no other reference is left.
    public init(_ state: sending State) {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        changed = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
        self.state = state
    }

    deinit {
        pthread_cond_destroy(changed)
        changed.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the lock held, then wakes all waiters.
    public func change<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    /// Runs `body` with the lock held, then wakes one waiter; for changes that only one waiter can use.
    public func changeForOne<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        defer { pthread_cond_signal(changed) }
        return changeQuietly(body)
    }

    /// Runs `body` with the lock held and wakes no waiter.
    public func changeQuietly<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Blocks until `holds` returns true or `timeout` has passed; returns the last result of `holds`.
    ///
    /// `holds` runs with the lock held, at once and after each change.
    @discardableResult
    public func waitUntil(timeout: Duration? = nil, _ holds: (State) -> Bool) -> Bool {
        wait(timeout: timeout) { (state) -> Void? in holds(state) ? () : nil } != nil
    }

    /// Blocks until `body` returns a value.
    ///
    /// `body` runs with the lock held, at once and after each change.
    public func waitWithoutEnd<Result>(until body: (inout sending State) -> sending Result?) -> sending Result {
        // Without a timeout, `wait` never returns nil.
        while true {
            if let result = wait(until: body) { return result }
        }
    }

    /// Blocks until `body` returns a value, or returns nil after `timeout`.
    ///
    /// `body` runs with the lock held, at once and after each change.
    public func wait<Result>(
        timeout: Duration? = nil, until body: (inout sending State) -> sending Result?
    ) -> sending Result? {
        var deadline = timespec()
        if let timeout {
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let (seconds, attoseconds) = timeout.components
            let nanoseconds = Int64(deadline.tv_nsec) + attoseconds / 1_000_000_000
            deadline.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
            deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            if timeout == nil {
                pthread_cond_wait(changed, mutex)
            } else if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT {
                return body(&state)
            }
        }
    }
}
