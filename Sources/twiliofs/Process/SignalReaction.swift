import Glibc

/// The reaction of the serving process to a signal.
///
/// An ended process leaves a dead mount, and a stopped one makes the mount's users hang. So other signals do nothing.
enum SignalReaction {
    /// Unmounts and then ends the process.
    case unmount
    /// Opens the log's file again by its name, and reads the files with credentials and keys again.
    case reload
    /// Switches debug logging on or off.
    case switchDebugLog

    /// The signals that a thread waits for.
    static let awaited: [Int32: SignalReaction] = [
        // A person at a terminal, service managers and the shutdown send these; SIGQUIT is Ctrl-\.
        SIGINT: .unmount, SIGTERM: .unmount, SIGQUIT: .unmount,
        // logrotate and `systemctl reload` send it, and the kernel or the shell when the terminal has gone.
        SIGHUP: .reload,
        SIGUSR2: .switchDebugLog,
    ]

    /// The signals that do nothing.
    static let ignored: [Int32] =
        [
            // An output without a reader, and a file beyond the limit of its size: the failing call reports them.
            SIGPIPE, SIGXFSZ,
            // The soft limit of processor time was reached; the hard limit's signal can't be ignored.
            SIGXCPU,
            // Other processes send it in vain; the kernel's own, from a filter of system calls, can't be ignored.
            SIGSYS,
            // People send SIGUSR1 for reports, as to `dd`. Timers, descriptors and power supplies cause the rest.
            SIGUSR1, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, stackFault,
        ] + Array(firstRealTime...lastRealTime)

    /// The stop signals, ignored during a mount; before, a person may suspend the prompt for a passphrase.
    static let ignoredWhileMounted: [Int32] = [SIGTSTP, SIGTTIN, SIGTTOU]

    // All others have their defaults: SIGKILL and SIGSTOP can't be caught, ``CrashSignals`` mean a broken process, and
    // SIGCHLD, SIGCONT, SIGURG and SIGWINCH do nothing anyway.

    /// SIGSTKFLT of signal(7), which Linux no longer sends.
    private static let stackFault: Int32 = 16
    /// The real-time signals; the C library reserves 32 and 33.
    private static let firstRealTime: Int32 = 34
    private static let lastRealTime: Int32 = 64
}
