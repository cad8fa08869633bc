import FileTree
import Glibc
import Media
import Support

/// The requests that wait for something: none waits beyond its deadline, or for a program that is about to end.
///
/// One thread looks at them several times a second. It looks at the signals of interrupted requests itself, because the
/// kernel tells of the first signal only, and that may be one that ends nothing: Go programs get such all the time.
final class PendingRequests: Sendable {
    private struct Waiting {
        let request: Request
        let patience: Duration
        let deadline: ContinuousClock.Instant
    }

    private typealias Requests = [ObjectIdentifier: Waiting]

    /// How long a request waits at the most: less than the 120 s after which the kernel warns of hung tasks.
    static let patience: Duration = .seconds(100)

    /// How long a lookup waits at the most.
    ///
    /// libfuse 3.14 doesn't pass on that the kernel may send lookups in parallel, so each keeps all others in its
    /// directory waiting. It waits only for a recording that isn't listed, for which Twilio is asked: usually for some
    /// tenths of a second. What comes later is kept, and found by the next lookup.
    static let patienceOfLookups: Duration = .seconds(3)

    /// How often requests are looked at.
    private static let interval: Duration = .milliseconds(200)

    /// Under a lock of its own: adding a request must not wake the thread.
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

    /// Keeps a request in view until it is answered.
    func add(_ request: Request, patience: Duration) {
        let waiting = Waiting(request: request, patience: patience, deadline: .now + patience)
        requests.withLock { $0[ObjectIdentifier(request)] = waiting }
        request.watchInterruptions()
    }

    /// How many requests wait for their answer.
    var count: Int { requests.withLock { $0.values.count { $0.request.isPending } } }

    /// Fails everything that still waits, and ends the thread.
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

    /// The signals by which programs are ended, or take it that they are.
    private static let endingSignals: UInt64 = [SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM].reduce(0) {
        $0 | 1 << UInt64($1 - 1)
    }

    /// Whether a signal that ends programs is pending for a thread or its process.
    private static func isEnding(_ threadID: pid_t) -> Bool {
        guard threadID > 0, let file = fopen("/proc/\(threadID)/status", "re") else {
            // A thread of another namespace: nothing can be known of its signals, but that there is one.
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
