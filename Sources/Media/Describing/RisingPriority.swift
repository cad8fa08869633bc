import Support
import Transfer

/// The priority of a description, which rises when a more urgent reader joins those who wait for it.
final class RisingPriority: Sendable {
    private struct State {
        var priority: Priority
        /// The description's current transfer.
        var transfer: TransferSlot?
    }

    private let state: Locked<State>

    init(_ priority: Priority) { state = Locked(State(priority: priority)) }

    /// Notes the description's next transfer; returns the priority to start it with.
    func begin(_ transfer: TransferSlot) -> Priority {
        state.withLock { state in
            state.transfer = transfer
            return state.priority
        }
    }

    /// Raises the priority, also that of the current transfer; see ``TransferTask/raise(to:)``.
    func raise(to priority: Priority) {
        let transfer = state.withLock { state -> TransferSlot? in
            guard priority > state.priority else { return nil }
            state.priority = priority
            return state.transfer
        }
        transfer?.raise(to: priority)
    }
}
