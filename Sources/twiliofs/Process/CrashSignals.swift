import Glibc

/// The signals that mean that the process is broken.
enum CrashSignals {
    /// Those that a fault raises, and that `abort` and Swift's traps raise.
    static let all: [Int32] = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    /// Has each of them end the process at once.
    ///
    /// Swift's runtime handles them where it finds its program `swift-backtrace`: it would stop all threads with
    /// SIGUSR2, which all of them block and one takes for a wish of the user, so that everybody who uses the mount
    /// waits for half a minute; and it would print registers and memory, in which there may be keys. What the runtime
    /// has set up is before `main`, and nothing sets it up again. To be called before there are other threads.
    static func restoreDefaults() {
        for number in all { signal(number, SIG_DFL) }
        // The runtime handles SIGQUIT as well. Ignored, it was so before: that is the wish of who started this program.
        if isIgnored(signal(SIGQUIT, SIG_DFL)) { signal(SIGQUIT, SIG_IGN) }
        // They may have been blocked by who started this program.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in all { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Whether a reaction is `SIG_IGN`, which is the address 1: functions can't be compared.
    private static func isIgnored(_ reaction: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(reaction, to: UInt.self) == 1
    }
}
