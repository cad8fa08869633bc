import Glibc
import Support

/// What other threads ask of the transfer thread.
enum Command: Sendable {
    case begin(UInt64, TransferPlan, Address?, (any AddressSource)?, any DownloadReceiver)
    case addressArrived(UInt64, Result<Address, any Error>)
    case cancel(UInt64)
    case resume(UInt64)
    case stop
}

/// Carries commands to the transfer thread and wakes it.
final class Mailbox: Sendable {
    private struct State {
        var commands: [Command] = []
        var nextIdentifier: UInt64 = 0
        /// `nil` once the thread takes no more commands.
        ///
        /// It is woken under the lock, so that the handle can't go meanwhile.
        var multi: MultiHandle?
        var thread: pthread_t?
    }

    private let state: Locked<State>

    init(waking multi: MultiHandle) {
        state = Locked(State(multi: multi))
    }

    /// A name for a transfer, new in the client's life.
    func newIdentifier() -> UInt64 {
        state.withLock { state in
            state.nextIdentifier += 1
            return state.nextIdentifier
        }
    }

    /// Hands a command over.
    ///
    /// Returns false when the thread takes no more.
    @discardableResult
    func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard let multi = state.multi else { return false }
            state.commands.append(command)
            // Whoever posted the first one has woken the thread already.
            if state.commands.count == 1 {
                multi.wakeUp()
            }
            return true
        }
    }

    /// Takes what was posted.
    func take() -> [Command] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            return commands
        }
    }

    /// Takes what was posted and lets no more come.
    func close() -> [Command] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            state.multi = nil
            return commands
        }
    }

    /// Remembers that the calling thread is the transfer thread.
    func adoptCurrentThread() {
        state.withLock { $0.thread = pthread_self() }
    }

    /// Whether the caller runs on the transfer thread.
    var isCurrentThread: Bool {
        state.withLock { state in
            state.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
        }
    }
}
