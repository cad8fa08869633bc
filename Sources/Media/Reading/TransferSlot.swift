import Support
import Transfer

/// A holder of a transfer's task that exists before the transfer.
///
/// A transfer may end or be cancelled before the call that starts it returns the task. If the slot was cancelled
/// before, it cancels the task on arrival.
final class TransferSlot: Sendable {
    private enum State {
        case empty
        case holding(TransferTask)
        case cancelled
    }

    private let state = Locked(State.empty)

    /// Holds the task of the started transfer.
    func hold(_ task: TransferTask) {
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .holding(task)
            return false
        }
        if isCancelled { task.cancel() }
    }

    /// Cancels the transfer, now or when it is started.
    func cancel() {
        let task = state.withLock { state -> TransferTask? in
            defer { state = .cancelled }
            return if case .holding(let task) = state { task } else { nil }
        }
        task?.cancel()
    }
}
