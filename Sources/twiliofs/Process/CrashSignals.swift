import Glibc

/// The signals of a broken process.
enum CrashSignals {
    /// The signals of faults, of `abort` and of Swift's traps.
    static let all: [Int32] = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    /// Makes each of them end the process at once; no other threads may run yet.
    ///
    /// Once, before `main`, Swift's runtime installs handlers if it finds `swift-backtrace`. They would stop threads
    /// with SIGUSR2. All threads block it, and the thread `signals` takes it for the user's, so the mount would hang
    /// for half a minute. The handlers would also print registers and memory, which may hold keys.
    static func restoreDefaults() {
        for number in all { signal(number, SIG_DFL) }
        // The runtime handles SIGQUIT too. If it is ignored, the parent process wants that.
        if isIgnored(signal(SIGQUIT, SIG_DFL)) { signal(SIGQUIT, SIG_IGN) }
        // The parent process may have blocked them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in all { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Whether a reaction is `SIG_IGN`, the address 1; Swift can't compare functions.
    static func isIgnored(_ reaction: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(reaction, to: UInt.self) == 1
    }
}
