import CLinux
import Glibc

/// A dedicated thread for work that blocks: system calls, libcurl, SQLite.
///
/// Swift's cooperative pool has one thread per core, so one blocking call there delays all other tasks. These threads
/// block all signals but those of faults and SIGSYS; the thread `signals` waits for the others.
public final class NamedThread: Sendable {
    /// The thread's handle; nil once joined: a thread is joined or detached exactly once.
    private let handle: Locked<pthread_t?>

    /// Starts a thread that runs `body` once.
    ///
    /// - Parameters:
    ///   - name: The name in `ps -L` and debuggers; the kernel keeps its first 15 bytes.
    ///   - niceness: The thread's nice value, 0 to 19 (setpriority(2)).
    ///   - stackSize: The size of the stack in bytes; nil for the system's.
    ///   - body: The work; the thread ends when it returns.
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init(
        name: String, niceness: Int32 = 0, stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let start = Unmanaged.passRetained(
            ThreadStart {
                NamedThread.nameCurrent(name)
                let signalStack = SignalStack.installOnCurrentThread()
                defer { SignalStack.remove(signalStack) }
                // In Linux, unlike POSIX, the nice value is that of a thread, and 0 is the calling one. A process may
                // always raise it.
                if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
                body()
            })
        var everySignal = sigset_t()
        var previous = sigset_t()
        sigfillset(&everySignal)
        // Faults of the thread raise these; while they are blocked, the result is undefined (sigprocmask(2)). With
        // SIGSYS, the command has each thread confine itself.
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS] { sigdelset(&everySignal, signal) }
        pthread_sigmask(SIG_SETMASK, &everySignal, &previous)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        var thread = pthread_t()
        let result = pthread_create(&thread, &attributes, runThread, start.toOpaque())
        pthread_attr_destroy(&attributes)
        pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard result == 0 else {
            start.release()
            throw SystemError("no thread '\(name)' can be started", result)
        }
        handle = Locked(thread)
    }

    deinit {
        if let thread = handle.withLock({ $0 }) { pthread_detach(thread) }
    }

    /// Waits until the thread has ended; a second call returns at once.
    public func join() {
        let thread = handle.withLock { handle -> pthread_t? in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }

    /// Names the calling thread; the main thread's name is the process's in `ps` and `pgrep`.
    ///
    /// A confined process can't write to /proc, so a system call does it.
    public static func nameCurrent(_ name: String) { twiliofs_name_thread(name) }
}

private final class ThreadStart: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// The thread's entry; a closure literal could be inferred to belong to the main actor.
private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    // Balances passRetained in NamedThread's initializer.
    Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
