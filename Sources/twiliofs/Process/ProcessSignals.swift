import CLinux
import Glibc
import Support

/// The signals that are sent to the process, each with its ``SignalReaction``.
///
/// They are blocked in every thread, and one thread waits for them, so nothing runs in a signal handler. As long as
/// nothing is mounted a signal to unmount just ends the process; later the mount decides.
final class ProcessSignals: Sendable {
    private enum Phase {
        /// Nothing is mounted: end.
        case starting

        /// It is being mounted: remember that a signal has come.
        case mounting(hasArrived: Bool)

        case mounted(unmount: @Sendable () -> Void)
    }

    private let phase = Locked(Phase.starting)

    /// Blocks the signals in the calling thread and all that it will start, and begins to wait for them.
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

    /// From now on a signal to unmount is kept until ``onUnmount(_:)``: something is being made that has to be cleaned
    /// up.
    func hold() {
        for number in SignalReaction.ignoredWhileMounted { signal(number, SIG_IGN) }
        phase.withLock { $0 = .mounting(hasArrived: false) }
    }

    /// From now on a signal to unmount calls `action`; at once, if one has been kept.
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
                // The shell that hangs up means to end what hasn't begun.
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

    /// What a signal to unmount leads to; the lock isn't held when it is called.
    private static func unmount(_ number: Int32, _ phase: Locked<Phase>) -> (@Sendable () -> Void)? {
        phase.withLock { phase in
            switch phase {
            case .starting:
                // What a shell makes of a program that a signal has ended.
                return { _exit(128 + number) }
            case .mounting:
                phase = .mounting(hasArrived: true)
                return nil
            case .mounted(let unmount):
                return unmount
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
