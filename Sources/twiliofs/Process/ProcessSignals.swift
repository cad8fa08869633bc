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
        /// During mounting: the phase remembers signals.
        case mounting(unmountHasArrived: Bool, reloadHasArrived: Bool)
        case mounted(unmount: @Sendable () -> Void, reload: @Sendable () -> Void)
    }

    private let phase = Locked(Phase.starting)

    /// Blocks the signals in the calling thread and its later threads, and begins to wait for them.
    ///
    /// - Parameter endsWithTerminal: Whether the mount is to end when the terminal that it was started at has gone, as
    ///   programs in the foreground do, unless they were started with nohup(1).
    init(log: LogOutput, endsWithTerminal: Bool) throws(SystemError) {
        for number in SignalReaction.ignored { signal(number, SIG_IGN) }
        var signals = Self.awaited
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // Blocked first: for a moment, it isn't ignored any more.
        let isHangupIgnored = CrashSignals.isIgnored(signal(SIGHUP, SIG_DFL))
        let hangup = Hangup(
            isIgnored: isHangupIgnored, endsMount: endsWithTerminal && !isHangupIgnored && Terminal.isAttached)
        let phase = phase
        _ = try NamedThread(name: "signals") {
            while true {
                var signals = Self.awaited
                var number: Int32 = 0
                guard sigwait(&signals, &number) == 0 else { continue }
                Self.handle(number, hangup, phase, log)
            }
        }
    }

    /// Keeps signals until ``onSignals(unmount:reload:)``, since the mount in progress needs a cleanup.
    func hold() {
        for number in SignalReaction.ignoredWhileMounted { signal(number, SIG_IGN) }
        phase.withLock { $0 = .mounting(unmountHasArrived: false, reloadHasArrived: false) }
    }

    /// Makes signals call these actions, at once for kept ones; the log's file is reopened in any case.
    func onSignals(unmount: @escaping @Sendable () -> Void, reload: @escaping @Sendable () -> Void) {
        let kept = phase.withLock { phase -> [@Sendable () -> Void] in
            defer { phase = .mounted(unmount: unmount, reload: reload) }
            guard case .mounting(let unmountHasArrived, let reloadHasArrived) = phase else { return [] }
            return (reloadHasArrived ? [reload] : []) + (unmountHasArrived ? [unmount] : [])
        }
        for action in kept { action() }
    }

    /// The meaning of SIGHUP, besides that of a request to reload.
    private struct Hangup {
        /// Whether it was ignored when the program started, as by nohup(1).
        let isIgnored: Bool
        /// Whether the loss of the terminal ends the mount.
        let endsMount: Bool
    }

    private static func handle(_ number: Int32, _ hangup: Hangup, _ phase: Locked<Phase>, _ log: LogOutput) {
        let action: (@Sendable () -> Void)? =
            switch SignalReaction.awaited[number] {
            case .unmount: unmount(number, phase)
            // The kernel takes the terminal away before it sends the signal.
            case .reload where hangup.endsMount && !Terminal.isAttached: unmount(number, phase)
            case .reload: reload(hangup, phase, log)
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
            case .mounting(_, let reloadHasArrived):
                phase = .mounting(unmountHasArrived: true, reloadHasArrived: reloadHasArrived)
                return nil
            case .mounted(let unmount, _): return unmount
            }
        }
    }

    /// The action of SIGHUP; the caller runs it without the lock.
    private static func reload(
        _ hangup: Hangup, _ phase: Locked<Phase>, _ log: LogOutput
    ) -> (@Sendable () -> Void)? {
        phase.withLock { phase in
            switch phase {
            case .starting:
                // Before the mount, a terminal that hangs up ends the process.
                guard !hangup.isIgnored else { return nil }
                return { _exit(128 + SIGHUP) }
            case .mounting(let unmountHasArrived, _):
                phase = .mounting(unmountHasArrived: unmountHasArrived, reloadHasArrived: true)
                return log.reopen
            case .mounted(_, let reload):
                return {
                    log.reopen()
                    reload()
                }
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
