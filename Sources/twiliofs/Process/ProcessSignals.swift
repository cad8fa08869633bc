import CLinux
import Glibc
import Support

/// The process's signals with their ``SignalReaction``.
///
/// All threads block them, and one thread waits for them, so no signal handler runs. Before the mount, a signal to
/// unmount just ends the process; later it unmounts.
final class ProcessSignals: Sendable {
    private enum Phase {
        /// Before the mount: a signal ends the process.
        case starting
        /// During mounting: the phase remembers a signal.
        case mounting(hasArrived: Bool)
        case mounted(unmount: @Sendable () -> Void)
    }

    private let phase = Locked(Phase.starting)

    /// Blocks the signals in the calling thread and its later threads, and begins to wait for them.
    init(log: LogOutput) throws(SystemError) {
        for number in SignalReaction.ignored { signal(number, SIG_IGN) }
        var signals = Self.awaited
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let phase = phase
        _ = try NamedThread(name: "signals") {
            while true {
                var signals = Self.awaited
                var number: Int32 = 0
                guard sigwait(&signals, &number) == 0 else { continue }
                Self.handle(number, phase, log)
            }
        }
    }

    /// Keeps signals to unmount until ``onUnmount(_:)``, since the mount in progress needs a cleanup.
    func hold() {
        for number in SignalReaction.ignoredWhileMounted { signal(number, SIG_IGN) }
        phase.withLock { $0 = .mounting(hasArrived: false) }
    }

    /// Makes a signal to unmount call `action`, at once for a kept one.
    func onUnmount(_ action: @escaping @Sendable () -> Void) {
        let hasArrived = phase.withLock { phase in
            defer { phase = .mounted(unmount: action) }
            return if case .mounting(true) = phase { true } else { false }
        }
        if hasArrived { action() }
    }

    private static func handle(_ number: Int32, _ phase: Locked<Phase>, _ log: LogOutput) {
        let action: (@Sendable () -> Void)? =
            switch SignalReaction.awaited[number] {
            case .unmount: unmount(number, phase)
            case .reopenLog:
                // Before the mount, a shell that hangs up ends the process.
                if phase.withLock({ if case .starting = $0 { true } else { false } }) {
                    unmount(number, phase)
                } else {
                    log.reopen
                }
            case .switchDebugLog: log.switchDebugging
            case nil: nil
            }
        action?()
    }

    /// The action of a signal to unmount; the caller runs it without the lock.
    private static func unmount(_ number: Int32, _ phase: Locked<Phase>) -> (@Sendable () -> Void)? {
        phase.withLock { phase in
            switch phase {
            case .starting:
                // A shell's status for a program that a signal has ended.
                return { _exit(128 + number) }
            case .mounting:
                phase = .mounting(hasArrived: true)
                return nil
            case .mounted(let unmount): return unmount
            }
        }
    }

    private static var awaited: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in SignalReaction.awaited.keys { sigaddset(&signals, signal) }
        return signals
    }
}
