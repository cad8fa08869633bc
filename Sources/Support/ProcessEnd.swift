public import Glibc

/// The end of a process: its exit status or the signal that killed it (wait(2)).
public enum ProcessEnd: Hashable, Sendable {
    /// It exited with a status.
    case exited(Int32)
    /// A signal ended it.
    case killed(signal: Int32)

    /// Reads a status that waitpid(2) has stored.
    public init(status: Int32) {
        // The low seven bits are the number of the fatal signal, the second byte is the exit status.
        self = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
    }

    /// A status of waitpid(2) for this end.
    public var status: Int32 {
        switch self {
        case .exited(let status): status << 8
        case .killed(let signal): signal
        }
    }

    /// Waits for the end of a child process.
    ///
    /// - Throws: ``SystemError`` if the system has dropped its status, as it does while SIGCHLD is ignored.
    public init(of process: pid_t) throws(SystemError) {
        var status: Int32 = 0
        guard uninterrupted({ waitpid(process, &status, 0) }) == process else {
            throw SystemError("the end of a process can't be determined")
        }
        self.init(status: status)
    }

    /// Waits some time for the end of a child process; nil if it runs on, or isn't a child.
    public init?(of process: pid_t, within patience: Duration) {
        let deadline = ContinuousClock.now + patience
        var status: Int32 = 0
        while true {
            let result = uninterrupted { waitpid(process, &status, WNOHANG) }
            if result == process { break }
            guard result == 0, ContinuousClock.now < deadline else { return nil }
            usleep(1000)
        }
        self.init(status: status)
    }
}
