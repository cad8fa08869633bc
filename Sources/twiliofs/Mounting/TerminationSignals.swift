import Glibc
import Threading

/// The signals that ask the process to end.
///
/// They are blocked in every thread, and one thread waits for them, so nothing runs in a signal handler. As long as
/// there is nothing to clean up the process just ends; later the mount decides.
final class TerminationSignals: Sendable {
    private enum Response {
        /// Nothing is mounted: end.
        case exit

        /// It is being mounted: remember that a signal has come.
        case wait(hasArrived: Bool)

        case run(@Sendable () -> Void)
    }

    private let response = Locked(Response.exit)

    /// Blocks the signals in the calling thread and all that it will start, and begins to wait for them.
    init() throws(ThreadingError) {
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A reader of our output may go away.
        signal(SIGPIPE, SIG_IGN)
        let response = response
        _ = try NamedThread(name: "signals") {
            while true {
                var signals = Self.signals
                var number: Int32 = 0
                guard sigwait(&signals, &number) == 0 else { continue }
                Self.handle(number, response)
            }
        }
    }

    /// From now on a signal is kept until somebody says what it does: something is being made that has to be cleaned
    /// up.
    func hold() {
        response.withLock { $0 = .wait(hasArrived: false) }
    }

    /// From now on a signal calls `action`; at once, if one has been kept.
    func onArrival(_ action: @escaping @Sendable () -> Void) {
        let hasArrived = response.withLock { response in
            defer { response = .run(action) }
            return if case .wait(true) = response { true } else { false }
        }
        if hasArrived { action() }
    }

    private static func handle(_ number: Int32, _ response: Locked<Response>) {
        let action = response.withLock { response -> (@Sendable () -> Void)? in
            switch response {
            case .exit:
                // What a shell makes of a program that a signal has ended.
                return { _exit(128 + number) }
            case .wait:
                response = .wait(hasArrived: true)
                return nil
            case .run(let action):
                return action
            }
        }
        action?()
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        return signals
    }
}
