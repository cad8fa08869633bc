/// How far one list has been brought up to date: a state machine without I/O.
///
/// Its owner calls it under a lock, and afterwards does what it returned.
struct ListProgress<Waiter> {
    private enum State {
        /// Nothing was asked for yet.
        case idle

        /// A pass is under way. Who waits for its end is told then.
        case running(waiters: [Waiter])

        /// A pass of this mount has met the whole list.
        case complete

        /// The last pass failed.
        case failed(CatalogError)
    }

    private var state = State.idle

    /// What a waiter gets, and what its owner does.
    enum Answer {
        /// The list is complete.
        case complete

        /// The waiter was kept; the owner begins a pass.
        case startPass

        /// The waiter was kept; a pass is under way.
        case wait
    }

    /// Somebody wants to be told when the list is complete.
    ///
    /// After a failure this begins a new pass: an error is answered to those who waited for it, and to nobody later.
    mutating func request(_ waiter: Waiter) -> Answer {
        switch state {
        case .complete:
            return .complete
        case .running(let waiters):
            state = .running(waiters: waiters + [waiter])
            return .wait
        case .idle, .failed:
            state = .running(waiters: [waiter])
            return .startPass
        }
    }

    /// The mount begins the first pass by itself; false when one is under way or done.
    mutating func start() -> Bool {
        guard case .idle = state else { return false }
        state = .running(waiters: [])
        return true
    }

    /// The pass has ended.
    ///
    /// - Returns: who waited for it.
    mutating func finish(_ result: Result<Void, CatalogError>) -> [Waiter] {
        guard case .running(let waiters) = state else { return [] }
        switch result {
        case .success: state = .complete
        case .failure(let error): state = .failed(error)
        }
        return waiters
    }

    /// The state as `status.json` tells it.
    var status: ListStatus {
        switch state {
        case .idle: .waiting
        case .running: .syncing
        case .complete: .complete
        case .failed(let error): .failed(error.message)
        }
    }
}

/// How far a list has been brought up to date.
public enum ListStatus: Hashable, Sendable {
    /// No pass has begun.
    case waiting

    /// A pass is under way.
    case syncing

    /// The whole list is in the catalog.
    case complete

    /// The last pass failed, for this reason.
    case failed(String)
}
