/// Work shared by several callers: the first caller starts it, the others wait for its result.
///
/// A caller more urgent than all running work for its key starts further work, which doesn't wait in a queue behind
/// others; the first result serves all waiters. This is a pure value: its owner keeps it under a lock, and starts work
/// and calls waiters after unlocking.
public struct SingleFlight<Key: Hashable & Sendable, Waiter> {
    /// Identifies a waiter that leaves.
    public struct Ticket: Hashable, Sendable {
        fileprivate let key: Key
        fileprivate let number: UInt64
    }

    private struct Flight {
        /// The urgencies of the running work, ascending.
        var urgencies: [Int] = []
        /// The waiters in order of arrival.
        var waiters: [(number: UInt64, waiter: Waiter)] = []
    }

    private var flights: [Key: Flight] = [:]
    private var lastNumber: UInt64 = 0

    /// Makes one without work.
    public init() {}

    /// Whether work for a key is running.
    public func isUnderWay(_ key: Key) -> Bool { flights[key]?.urgencies.isEmpty == false }

    /// Adds a waiter.
    ///
    ///   - waiter: Receives the result.
    ///   - urgency: Greater is more urgent.
    /// - Returns: Whether the caller has to start work with this urgency; and the waiter's ticket.
    @discardableResult
    public mutating func join(
        _ waiter: Waiter, for key: Key, urgency: Int = 0
    ) -> (mustStart: Bool, ticket: Ticket) {
        lastNumber += 1
        var flight = flights[key] ?? Flight()
        flight.waiters.append((lastNumber, waiter))
        let mustStart = flight.urgencies.last.map { $0 < urgency } ?? true
        if mustStart { flight.urgencies.append(urgency) }
        flights[key] = flight
        return (mustStart, Ticket(key: key, number: lastNumber))
    }

    /// Ends work.
    ///
    /// - Parameters:
    ///   - urgency: The urgency with which the work was started.
    ///   - isUsable: Whether the result serves the waiters even while other work, perhaps with a better result, runs.
    /// - Returns: The waiters to call with the result; they are removed.
    public mutating func complete(_ key: Key, urgency: Int = 0, isUsable: Bool = true) -> [Waiter] {
        guard var flight = flights[key] else { return [] }
        flight.urgencies.removeAll { $0 == urgency }
        guard isUsable || flight.urgencies.isEmpty else {
            flights[key] = flight
            return []
        }
        let waiters = flight.waiters.map(\.waiter)
        flight.waiters = []
        flights[key] = flight.urgencies.isEmpty ? nil : flight
        return waiters
    }

    /// Removes a waiter; running work still has to be completed.
    ///
    /// - Returns: The waiter, and whether the work has no waiters left; nil when the waiter had left before.
    public mutating func leave(_ ticket: Ticket) -> (waiter: Waiter, isUnwanted: Bool)? {
        guard let index = flights[ticket.key]?.waiters.firstIndex(where: { $0.number == ticket.number }),
            let waiter = flights[ticket.key]?.waiters.remove(at: index).waiter
        else { return nil }
        return (waiter, flights[ticket.key]?.waiters.isEmpty ?? true)
    }
}
