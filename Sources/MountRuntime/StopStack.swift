import Support

/// Runs the stop actions of started parts in the reverse order of their start.
///
/// One stack serves every end of a mount: unmounting, a failed start, a signal. It is thread-safe.
final class StopStack: Sendable {
    private let actions = Locked<[@Sendable () -> Void]>([])

    /// Adds an action that runs before all earlier ones.
    func push(_ action: @escaping @Sendable () -> Void) { actions.withLock { $0.append(action) } }

    /// Adds an action that runs after all others, for a part that the others use until they stop.
    func pushToBottom(_ action: @escaping @Sendable () -> Void) { actions.withLock { $0.insert(action, at: 0) } }

    /// Runs every action once, also those added meanwhile; actions may push, since they run without the lock.
    func stop() { while let action = actions.withLock({ $0.popLast() }) { action() } }
}
