import Support
import Transfer

/// The place of a transfer's task, which exists before the transfer does.
///
/// A transfer may end, or be no longer wanted, before the call that starts it has returned its task. The slot can be
/// cancelled at any time: a task that comes later is cancelled then.
final class TransferSlot: Sendable {
    private enum State {
        case empty
        case holding(TransferTask)
        case cancelled
    }

    private let state = Locked(State.empty)

    /// Takes the task of the transfer that was started.
    func hold(_ task: TransferTask) {
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .holding(task)
            return false
        }
        if isCancelled { task.cancel() }
    }

    /// Ends the transfer, now or as soon as it is started.
    func cancel() {
        let task = state.withLock { state -> TransferTask? in
            defer { state = .cancelled }
            return if case .holding(let task) = state { task } else { nil }
        }
        task?.cancel()
    }
}
