import FileTree
import Glibc
import Media
import Support

/// The waiting requests: none waits beyond its deadline, or for a program that is about to end.
///
/// One thread checks them several times a second. If the kernel has reported a signal, the thread reads the program's
/// pending signals itself. The kernel reports only the first signal of a request, which may be harmless: Go programs
/// get such signals all the time. And it reports none of a read past the page cache, which it sends as it sends
/// read-ahead, and then waits for so that not even SIGKILL ends the program: once a second the thread looks whether the
/// programs that read have been killed.
final class PendingRequests: Sendable {
    private struct Waiting {
        let request: Request
        let patience: Duration
        let deadline: ContinuousClock.Instant
    }

    /// The longest wait of a request: less than the 120 s after which the kernel warns of hung tasks.
    static let patience: Duration = .seconds(100)

    /// The longest wait of a lookup.
    ///
    /// libfuse 3.14 doesn't tell the kernel that lookups may be parallel, so a lookup delays all others in its
    /// directory.
    /// Only lookups of unlisted recordings wait, usually some tenths of a second for Twilio's answer. An answer that
    /// comes after the deadline is kept, and the next lookup finds it.
    static let patienceOfLookups: Duration = .seconds(3)

    /// The interval of the checks.
    private static let interval: Duration = .milliseconds(200)

    /// How many checks it takes until killed programs are looked for.
    private static let checksPerSearch = 5

    /// These have a lock of their own, since adding a request must not wake the thread.
    private let requests = Locked([ObjectIdentifier: Waiting]())
    private let isShutDown = Condition(false)
    private let thread: NamedThread

    init() throws(SystemError) {
        let (requests, isShutDown) = (requests, isShutDown)
        thread = try NamedThread(name: "deadlines") {
            var number = 0
            while !isShutDown.waitUntil(timeout: Self.interval, { $0 }) {
                number = (number + 1) % Self.checksPerSearch
                Self.check(requests, searchesKilled: number == 0)
            }
        }
    }

    /// Watches a request until it is answered.
    func add(_ request: Request, patience: Duration) {
        let waiting = Waiting(request: request, patience: patience, deadline: .now + patience)
        requests.withLock { $0[ObjectIdentifier(request)] = waiting }
        request.watchInterruptions()
    }

    /// The number of requests without an answer.
    var count: Int { requests.withLock { $0.values.count { $0.request.isPending } } }

    /// Fails the waiting requests, and ends the thread.
    func shutDown() {
        isShutDown.change { $0 = true }
        thread.join()
        let left = requests.withLock { requests in
            defer { requests = [:] }
            return requests.values.map(\.request)
        }
        for request in left { request.fail(.tree(.media(.shutDown)), "the mount has ended") }
    }

    private static func check(_ requests: Locked<[ObjectIdentifier: Waiting]>, searchesKilled: Bool) {
        let now = ContinuousClock.now
        let pending = requests.withLock { requests in
            requests = requests.filter { $0.value.request.isPending }
            return Array(requests.values)
        }
        for waiting in pending {
            let request = waiting.request
            if now >= waiting.deadline {
                request.fail(.deadline, "there was no answer within \(waiting.patience)")
            } else if request.isInterrupted, isEnding(request.threadID) {
                request.fail(.interrupted)
            } else if searchesKilled, request.operation == .read, isKilled(request.threadID) {
                request.fail(.interrupted)
            }
        }
    }

    /// The signals that end programs, or ask them to end.
    private static let endingSignals: UInt64 = [SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM].reduce(0) {
        $0 | 1 << UInt64($1 - 1)
    }

    /// Whether a signal that ends programs is pending for a thread or its process.
    private static func isEnding(_ threadID: pid_t) -> Bool {
        // The signals of a thread that has ended, or lives in another namespace, are unknown: it counts as ending.
        guard let status = status(of: threadID) else { return true }
        return (pending("SigPnd:", status) | pending("ShdPnd:", status)) & endingSignals != 0
    }

    /// Whether a thread ends as soon as it is answered: the kernel gives SIGKILL to each thread of a program that any
    /// signal ends.
    ///
    /// A thread that has ended has left its read-ahead behind, which others may want.
    private static func isKilled(_ threadID: pid_t) -> Bool {
        status(of: threadID).map { pending("SigPnd:", $0) & 1 << UInt64(SIGKILL - 1) != 0 } ?? false
    }

    private static func status(of threadID: pid_t) -> String? {
        threadID > 0 ? KernelFile.text(of: "/proc/\(threadID)/status") : nil
    }

    /// The mask of pending signals on a line (proc_pid_status(5)).
    private static func pending(_ name: String, _ status: String) -> UInt64 {
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { UInt64($0.dropFirst(name.count).drop(while: \.isWhitespace), radix: 16) } ?? 0
    }
}
