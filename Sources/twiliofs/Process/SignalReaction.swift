import Glibc

/// The reaction of the serving process to a signal.
///
/// A process that a signal ends leaves a dead mount, and one that a signal stops makes programs hang that look into the
/// mount. So what isn't meant for this program does nothing.
enum SignalReaction {
    /// Unmounts; the process ends when that is done.
    case unmount

    /// Opens the log's file again, by its name.
    case reopenLog

    /// Switches debug logging on or off.
    case switchDebugLog

    /// The signals that a thread waits for.
    static let awaited: [Int32: SignalReaction] = [
        // A person at a terminal, service managers and shutdown. SIGQUIT (Ctrl-\) is meant to end a program too.
        SIGINT: .unmount, SIGTERM: .unmount, SIGQUIT: .unmount,
        // What logrotate and `systemctl reload` send to daemons. Without a mount, the terminal has gone.
        SIGHUP: .reopenLog,
        SIGUSR2: .switchDebugLog,
    ]

    /// The signals that do nothing.
    static let ignored: [Int32] =
        [
            // Output whose reader has gone, and files beyond the limit: the call fails, which is enough.
            SIGPIPE, SIGXFSZ,
            // The soft limit of processor time; the hard one can't be ignored.
            SIGXCPU,
            // What a filter of system calls raises ends the process all the same: the kernel forces it (signal(7)).
            SIGSYS,
            // `dd` and others report on SIGUSR1, so people send it. The rest is for timers, descriptors and power
            // supplies that this program doesn't watch.
            SIGUSR1, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, stackFault,
        ] + Array(firstRealTime...lastRealTime)

    /// The signals that do nothing from the moment on when there is a mount: those that stop a program.
    ///
    /// Before, a person may suspend the prompt for a passphrase.
    static let ignoredWhileMounted: [Int32] = [SIGTSTP, SIGTTIN, SIGTTOU]

    // All others have their defaults: SIGKILL and SIGSTOP can't be caught; those of ``CrashSignals`` mean that the
    // process is broken; SIGCHLD, SIGCONT, SIGURG and SIGWINCH do nothing anyway.

    /// SIGSTKFLT of signal(7), which Linux sends no more.
    private static let stackFault: Int32 = 16

    /// The real-time signals; the C library keeps 32 and 33 for itself.
    private static let firstRealTime: Int32 = 34
    private static let lastRealTime: Int32 = 64
}
