/// Work shared by several callers: the first caller starts it, the others wait for its result.
///
/// A caller that is more urgent than all running work for its key starts the same work again: the running work may wait
/// in a queue behind other work. The first usable result serves all waiters.
///
/// The type neither locks nor runs anything: its owner keeps it under a lock, and starts work and calls waiters after
/// unlocking.
public struct SingleFlight<Key: Hashable, Waiter> {
    private struct Flight {
        /// The urgencies of the running work, in ascending order.
        var urgencies: [Int] = []
        /// The waiters in order of arrival.
        var waiters: [Waiter] = []
    }

    private var flights: [Key: Flight] = [:]

    /// Makes a value without running work.
    public init() {}

    /// Whether work for a key is running.
    public func isUnderWay(_ key: Key) -> Bool { flights[key]?.urgencies.isEmpty == false }

    /// Adds a waiter for the result.
    ///
    /// - Parameter urgency: Greater is more urgent.
    /// - Returns: Whether the caller must start work with this urgency.
    @discardableResult
    public mutating func join(_ waiter: Waiter, for key: Key, urgency: Int = 0) -> Bool {
        var flight = flights[key] ?? Flight()
        flight.waiters.append(waiter)
        let mustStart = flight.urgencies.last.map { $0 < urgency } ?? true
        if mustStart { flight.urgencies.append(urgency) }
        flights[key] = flight
        return mustStart
    }

    /// Notes that work has ended.
    ///
    /// - Parameters:
    ///   - urgency: The urgency with which the work was started.
    ///   - isUsable: Whether the result serves the waiters while other work for the key is running; if not, they wait
    ///     for the result of that work.
    /// - Returns: The waiters to call with the result; they are removed.
    public mutating func complete(_ key: Key, urgency: Int = 0, isUsable: Bool = true) -> [Waiter] {
        guard var flight = flights[key] else { return [] }
        flight.urgencies.removeAll { $0 == urgency }
        let isOver = flight.urgencies.isEmpty
        let waiters = isUsable || isOver ? flight.waiters : []
        if isUsable { flight.waiters = [] }
        flights[key] = isOver ? nil : flight
        return waiters
    }

    /// Takes the waiters of all keys, for a result that serves them, too; the running work goes on for later ones.
    public mutating func serveAll() -> [Waiter] {
        let waiters = flights.values.flatMap(\.waiters)
        for key in flights.keys { flights[key]?.waiters = [] }
        return waiters
    }
}
