import CLinux
import Glibc
import Support

/// The process's signals with their ``SignalReaction``.
///
/// All threads block them, and one thread waits for them, so no signal handler runs. Before the mount, a signal to
/// unmount just ends the process; later it unmounts. A request to reload waits until the mount is there: a service
/// manager may send it as soon as the process runs.
final class ProcessSignals: Sendable {
    private enum Phase {
        /// Before the mount: a signal to unmount ends the process.
        case starting(reloadHasArrived: Bool)
        /// During mounting: the phase remembers signals.
        case mounting(unmountHasArrived: Bool, reloadHasArrived: Bool)
        case mounted(unmount: @Sendable () -> Void, reload: @Sendable () -> Void)
    }

    private let phase = Locked(Phase.starting(reloadHasArrived: false))

    /// Opens the log file again and has the others read, on a thread of its own.
    ///
    /// Its disk may be gone, and then a signal to unmount still counts.
    private final class Reloads: Sendable {
        private let worker: WorkerPool
        private let next = Locked<(@Sendable () -> Void)?>(nil)

        init() throws(SystemError) { worker = try WorkerPool(name: "reload", threadCount: 1) }

        /// Runs an action, and only the last one of those that come before it begins: a later one does as much.
        func run(_ action: @escaping @Sendable () -> Void) {
            let isFirst = next.withLock { next in
                defer { next = action }
                return next == nil
            }
            guard isFirst else { return }
            worker.run { [self] in
                let action = next.withLock { next in
                    defer { next = nil }
                    return next
                }
                action?()
            }
        }
    }

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
        let endsStart = !isHangupIgnored && Terminal.isAttached
        let hangup = Hangup(endsStart: endsStart, endsMount: endsWithTerminal && endsStart)
        let phase = phase
        let reloads = try Reloads()
        _ = try NamedThread(name: "signals") {
            while true {
                var signals = Self.awaited
                var number: Int32 = 0
                guard sigwait(&signals, &number) == 0 else { continue }
                Self.handle(number, hangup, phase, log, reloads)
            }
        }
    }

    /// Keeps signals until ``onSignals(unmount:reload:)``, since the mount in progress needs a cleanup.
    func hold() {
        for number in SignalReaction.ignoredWhileMounted { signal(number, SIG_IGN) }
        phase.withLock { phase in
            let reloadHasArrived = if case .starting(let hasArrived) = phase { hasArrived } else { false }
            phase = .mounting(unmountHasArrived: false, reloadHasArrived: reloadHasArrived)
        }
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

    /// The meaning of SIGHUP once the terminal has gone; otherwise, it is a request to reload.
    ///
    /// It has none for a process that had no terminal, or that was to ignore the signal, as by nohup(1).
    private struct Hangup {
        /// Whether the loss of the terminal ends the process before the mount: nobody is left to answer a prompt.
        let endsStart: Bool
        /// Whether the loss of the terminal ends the mount.
        let endsMount: Bool
    }

    private static func handle(
        _ number: Int32, _ hangup: Hangup, _ phase: Locked<Phase>, _ log: LogOutput, _ reloads: Reloads
    ) {
        let action: (@Sendable () -> Void)? =
            switch SignalReaction.awaited[number] {
            case .unmount: unmount(number, phase)
            // The kernel takes the terminal away before it sends the signal.
            case .reload: reload(hasHungUp: !Terminal.isAttached, hangup, phase, log, reloads)
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
                return {
                    Terminal.restore()
                    // A shell's status for a program that a signal has ended.
                    _exit(128 + number)
                }
            case .mounting(_, let reloadHasArrived):
                phase = .mounting(unmountHasArrived: true, reloadHasArrived: reloadHasArrived)
                return nil
            case .mounted(let unmount, _): return unmount
            }
        }
    }

    /// The action of SIGHUP; the caller runs it without the lock.
    private static func reload(
        hasHungUp: Bool, _ hangup: Hangup, _ phase: Locked<Phase>, _ log: LogOutput, _ reloads: Reloads
    ) -> (@Sendable () -> Void)? {
        let isEnd = phase.withLock { phase in
            if case .starting = phase { hasHungUp && hangup.endsStart } else { hasHungUp && hangup.endsMount }
        }
        guard !isEnd else { return unmount(SIGHUP, phase) }
        return phase.withLock { phase in
            switch phase {
            case .starting:
                phase = .starting(reloadHasArrived: true)
                return { reloads.run(log.reopen) }
            case .mounting(let unmountHasArrived, _):
                phase = .mounting(unmountHasArrived: unmountHasArrived, reloadHasArrived: true)
                return { reloads.run(log.reopen) }
            case .mounted(_, let reload):
                return {
                    reloads.run {
                        log.reopen()
                        reload()
                    }
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
