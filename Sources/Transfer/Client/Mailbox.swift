import Glibc
import Support

/// A command from another thread to the transfer thread.
enum Command: Sendable {
    case begin(UInt64, TransferPlan, Address?, (any AddressSource)?, any DownloadReceiver)
    case addressArrived(UInt64, Result<Address, any Error>)
    case credentialArrived(UInt64, Result<Bool, any Error>)
    case authorized(UInt64, order: UInt64, Authorization?)
    case cancel(UInt64)
    case raise(UInt64, Priority)
    case stop
}

/// Carries commands to the transfer thread and wakes it.
final class Mailbox: Sendable {
    private struct State {
        var commands: [Command] = []
        var nextIdentifier: UInt64 = 0
        /// nil once the thread takes no more commands; woken under the lock, which keeps the handle alive.
        var multi: MultiHandle?
        var thread: pthread_t?
    }

    private let state: Locked<State>

    init(waking multi: MultiHandle) { state = Locked(State(multi: multi)) }

    /// Returns an identifier for a transfer, unique in the client's life.
    func newIdentifier() -> UInt64 {
        state.withLock { state in
            state.nextIdentifier += 1
            return state.nextIdentifier
        }
    }

    /// Sends a command; returns false once the thread takes no more.
    @discardableResult
    func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard let multi = state.multi else { return false }
            state.commands.append(command)
            // The first of the waiting commands has woken the thread already.
            if state.commands.count == 1 { multi.wakeUp() }
            return true
        }
    }

    /// Takes the waiting commands.
    func take() -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Takes the waiting commands and rejects further ones.
    func close() -> [Command] {
        state.withLock { state in
            defer { (state.commands, state.multi) = ([], nil) }
            return state.commands
        }
    }

    /// Records the calling thread as the transfer thread.
    func adoptCurrentThread() { state.withLock { $0.thread = pthread_self() } }

    /// Whether the transfer thread is calling.
    var isCurrentThread: Bool {
        state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }
}
