import FileTree
import Glibc
import Media
import Support

/// The waiting requests: none waits beyond its deadline, or for a program that is about to end.
///
/// One thread checks them several times a second. It checks the signals of interrupted requests itself: the kernel
/// reports only the first signal, which may be harmless, as Go programs get them all the time.
final class PendingRequests: Sendable {
    private struct Waiting {
        let request: Request
        let patience: Duration
        let deadline: ContinuousClock.Instant
    }

    private typealias Requests = [ObjectIdentifier: Waiting]

    /// The longest wait of a request: less than the 120 s after which the kernel warns of hung tasks.
    static let patience: Duration = .seconds(100)

    /// The longest wait of a lookup.
    ///
    /// libfuse 3.14 doesn't tell the kernel that lookups may be parallel, so each delays all others in its directory. A
    /// lookup waits only for a recording that isn't listed, usually some tenths of a second for Twilio's answer. An
    /// answer that comes later is kept, and the next lookup finds it.
    static let patienceOfLookups: Duration = .seconds(3)

    /// The interval of the checks.
    private static let interval: Duration = .milliseconds(200)

    /// Under its own lock: adding a request must not wake the thread.
    private let requests = Locked<Requests>([:])
    private let isShutDown = Condition(false)
    private let thread: NamedThread

    init() throws(SystemError) {
        let (requests, isShutDown) = (requests, isShutDown)
        thread = try NamedThread(name: "deadlines") {
            while !isShutDown.waitUntil(timeout: Self.interval, { $0 }) {
                Self.look(at: requests)
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

    private static func look(at requests: Locked<Requests>) {
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
            }
        }
    }

    /// The signals that end programs, or ask them to end.
    private static let endingSignals: UInt64 = [SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM].reduce(0) {
        $0 | 1 << UInt64($1 - 1)
    }

    /// Whether a signal that ends programs is pending for a thread or its process.
    private static func isEnding(_ threadID: pid_t) -> Bool {
        guard threadID > 0, let file = fopen("/proc/\(threadID)/status", "re") else {
            // The thread is in another namespace: a signal is pending, but it is unknown which one.
            return true
        }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix("SigPnd:") || text.hasPrefix("ShdPnd:") else { continue }
            let digits = text.dropFirst(7).filter { !$0.isWhitespace }
            if let signals = UInt64(digits, radix: 16), signals & endingSignals != 0 { return true }
        }
        return false
    }
}
