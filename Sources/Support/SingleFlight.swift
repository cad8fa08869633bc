/// Work whose result several callers want at the same time: the first one starts it, the others wait.
///
/// A caller that is more urgent than all work under way for its key starts further work, which would otherwise wait
/// in a queue behind others; whichever is done first serves everybody. This is a pure value: its owner keeps it under
/// a lock, and starts work and calls waiters after unlocking.
public struct SingleFlight<Key: Hashable & Sendable, Waiter> {
    /// One waiter's place, to leave with.
    public struct Ticket: Hashable, Sendable {
        fileprivate let key: Key
        fileprivate let number: UInt64
    }

    private struct Flight {
        /// The urgencies of the work under way, ascending.
        var urgencies: [Int] = []

        /// The waiters, in the order in which they came.
        var waiters: [(number: UInt64, waiter: Waiter)] = []
    }

    private var flights: [Key: Flight] = [:]
    private var lastNumber: UInt64 = 0

    /// Makes one without work.
    public init() {}

    /// Whether work is under way for a key.
    public func isUnderWay(_ key: Key) -> Bool { flights[key]?.urgencies.isEmpty == false }

    /// Adds a waiter.
    ///
    /// - Parameters:
    ///   - waiter: Gets the result.
    ///   - key: What is wanted.
    ///   - urgency: How urgent it is; greater is more urgent.
    /// - Returns: Whether the caller has to start the work, with this urgency; and the waiter's ticket.
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
    ///   - key: What was wanted.
    ///   - urgency: The urgency with which the work was started.
    ///   - isUsable: Whether its result serves the waiters even if other work, which may have a better one, is under
    ///     way.
    /// - Returns: The waiters to call with the result; they have left.
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

    /// Takes a waiter out.
    ///
    /// Work under way still has to be completed.
    ///
    /// - Returns: The waiter, and whether nobody waits for the work any more; nil when the waiter has left before.
    public mutating func leave(_ ticket: Ticket) -> (waiter: Waiter, isUnwanted: Bool)? {
        guard let index = flights[ticket.key]?.waiters.firstIndex(where: { $0.number == ticket.number }),
            let waiter = flights[ticket.key]?.waiters.remove(at: index).waiter
        else { return nil }
        return (waiter, flights[ticket.key]?.waiters.isEmpty ?? true)
    }
}
