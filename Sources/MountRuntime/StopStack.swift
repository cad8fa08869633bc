import Support

/// The stop actions of what was started, run in the reverse order.
///
/// One stack serves every end of a mount: unmounting, a failed start, a signal. Safe to use from any thread.
public final class StopStack: Sendable {
    /// One part and how it stops.
    private struct Entry {
        let name: String
        let stop: @Sendable () -> Void
    }

    private let entries = Locked<[Entry]>([])

    /// Makes an empty stack.
    public init() {}

    /// Adds a part, which stops before all parts added so far.
    public func push(_ name: String, _ stop: @escaping @Sendable () -> Void) {
        entries.withLock { $0.append(Entry(name: name, stop: stop)) }
    }

    /// Adds a part that all others use until they have stopped: it stops after them.
    public func pushToBottom(_ name: String, _ stop: @escaping @Sendable () -> Void) {
        entries.withLock { $0.insert(Entry(name: name, stop: stop), at: 0) }
    }

    /// Stops every part once, the latest first; parts that are added meanwhile stop as well.
    ///
    /// The lock isn't held while a part stops, so an action may push.
    public func stop() {
        while let entry = entries.withLock({ $0.popLast() }) { entry.stop() }
    }
}
