import Support

/// Runs the stop actions of started parts in the reverse order of their start.
///
/// One stack serves every end of a mount: unmounting, a failed start, a signal. Safe to use from any thread.
public final class StopStack: Sendable {
    private let actions = Locked<[@Sendable () -> Void]>([])

    /// Makes an empty stack.
    public init() {}

    /// Adds an action that runs before all actions added so far.
    public func push(_ action: @escaping @Sendable () -> Void) {
        actions.withLock { $0.append(action) }
    }

    /// Adds an action that runs after all others: the one of a part that they use until they have stopped.
    public func pushToBottom(_ action: @escaping @Sendable () -> Void) {
        actions.withLock { $0.insert(action, at: 0) }
    }

    /// Runs every action once, also those added meanwhile.
    ///
    /// The lock isn't held while an action runs, so an action may push.
    public func stop() {
        while let action = actions.withLock({ $0.popLast() }) { action() }
    }
}
