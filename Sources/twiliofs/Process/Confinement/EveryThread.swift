import CLinux
import FoundationEssentials
import Glibc
import Support
import Synchronization

/// Confines all threads of this process, which the kernel does for one thread at a time.
///
/// Each thread is sent a signal, whose handler confines it. The signal is SIGSYS: neither ``NamedThread`` nor the
/// threads of libraries block it. A later thread is confined like the one that starts it.
enum EveryThread {
    /// The longest wait for one thread, which may be in a system call that nothing interrupts, as on a slow disk.
    private static let patience = Duration.seconds(20)
    /// The part of a pause that counts as waiting: while this process is stopped or starved, no thread can answer.
    private static let longestPause = Duration.milliseconds(10)

    /// Confines all threads.
    ///
    /// - Parameter ruleset: A ruleset of ``Landlock``; nil to give up only the rights of setuid programs.
    /// - Throws: ``SystemError`` if the kernel refuses that to a thread, or a thread doesn't answer.
    static func confine(to ruleset: Int32?) throws(SystemError) {
        order.ruleset.store(ruleset ?? -1, ordering: .sequentiallyConsistent)
        order.failure.store(0, ordering: .sequentiallyConsistent)
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = confineInterruptedThread
        action.sa_flags = SA_SIGINFO | SA_RESTART
        var former = sigaction()
        guard sigaction(SIGSYS, &action, &former) == 0 else { throw SystemError("no signal handler can be set") }
        defer { sigaction(SIGSYS, &former, nil) }
        // The caller is the last, so that a failure leaves a process that can still start a program.
        var done: Set<Int32> = [twiliofs_thread_id()]
        while true {
            let threads = try threads().subtracting(done)
            guard !threads.isEmpty else { break }
            for thread in threads { try confine(thread) }
            done.formUnion(threads)
        }
        let result = twiliofs_confine_thread(ruleset ?? -1)
        guard result == 0 else { throw SystemError("the process can't be confined", result) }
    }

    private static func confine(_ thread: Int32) throws(SystemError) {
        let count = order.count.load(ordering: .sequentiallyConsistent)
        var waited = Duration.zero
        var lastLook = ContinuousClock.now
        // It may have ended.
        guard twiliofs_signal_thread(thread, SIGSYS) == 0 else { return }
        while order.count.load(ordering: .sequentiallyConsistent) == count {
            guard twiliofs_signal_thread(thread, 0) == 0 else { return }
            let now = ContinuousClock.now
            waited += min(now - lastLook, longestPause)
            lastLook = now
            guard waited < patience else { throw SystemError("the thread \(thread) can't be confined", ETIMEDOUT) }
            usleep(50)
        }
        let failure = order.failure.load(ordering: .sequentiallyConsistent)
        guard failure == 0 else { throw SystemError("a thread can't be confined", failure) }
    }

    private static func threads() throws(SystemError) -> Set<Int32> {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") else {
            throw SystemError("the threads of this process are unknown", ENOENT)
        }
        return Set(names.compactMap { Int32($0) })
    }
}

/// What the signal handler is to do, and what it has done.
private final class Order: Sendable {
    let ruleset = Atomic<Int32>(-1)
    let count = Atomic<Int>(0)
    let failure = Atomic<Int32>(0)
}

private let order = Order()

/// The handler; it calls nothing that a handler mustn't.
private func confineInterruptedThread(
    _ signal: Int32, _ information: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
    let result = twiliofs_confine_thread(order.ruleset.load(ordering: .sequentiallyConsistent))
    if result != 0 { order.failure.store(result, ordering: .sequentiallyConsistent) }
    order.count.add(1, ordering: .sequentiallyConsistent)
}
