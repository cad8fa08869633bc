import Glibc

/// Is SIGINT and SIGTERM, kept from ending the process at once so that it can put things away first.
struct EndingSignals {
    private let signals: sigset_t

    /// Blocks the signals in this thread and all that it starts.
    init() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        self.signals = signals
    }

    /// Blocks this thread until one of the signals comes.
    func wait() {
        var signals = signals
        var signal: Int32 = 0
        sigwait(&signals, &signal)
    }
}
