import Support
import Transfer

/// A holder of a transfer's task that exists before the transfer.
///
/// A transfer may end or be cancelled before the call that starts it returns the task. If the slot was cancelled or
/// raised before, it cancels or raises the task on arrival.
final class TransferSlot: Sendable {
    private enum State {
        case empty(raisedTo: Priority?)
        case holding(TransferTask)
        case cancelled
    }

    private let state = Locked(State.empty(raisedTo: nil))

    /// Holds the task of the started transfer.
    func hold(_ task: TransferTask) {
        let earlier = state.withLock { state in
            let earlier = state
            if case .cancelled = earlier { return earlier }
            state = .holding(task)
            return earlier
        }
        switch earlier {
        case .empty(let priority?): task.raise(to: priority)
        case .empty(nil), .holding: break
        case .cancelled: task.cancel()
        }
    }

    /// Cancels the transfer, now or when it is started.
    func cancel() {
        let earlier = state.withLock { state in
            defer { state = .cancelled }
            return state
        }
        if case .holding(let task) = earlier { task.cancel() }
    }

    /// Raises the transfer's priority, now or when it is started; see ``TransferTask/raise(to:)``.
    func raise(to priority: Priority) {
        let task = state.withLock { state -> TransferTask? in
            switch state {
            case .empty(let earlier): state = .empty(raisedTo: max(earlier ?? priority, priority))
            case .holding(let task): return task
            case .cancelled: break
            }
            return nil
        }
        task?.raise(to: priority)
    }
}
