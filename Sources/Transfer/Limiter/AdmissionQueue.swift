/// Decides which exchange starts next: by priority, then first come, first served.
///
/// It is our own queue, in front of libcurl's, so that a reader overtakes read-ahead. Two things bound what runs: the
/// number of connections for all, and the limiter for requests to the account, those with a credential. One that the
/// limiter holds back doesn't hold back those behind it that go elsewhere.
struct AdmissionQueue<ID: Hashable> {
    typealias Instant = SuspendingClock.Instant

    private struct Entry {
        let id: ID
        let order: Int
    }

    private struct Waiting {
        let priority: Priority
        let isToAccount: Bool
        let order: Int
    }

    /// First in, first out; taken from the front by moving `next`, so that a long queue isn't shifted each time.
    private struct Line {
        private var entries: [Entry] = []
        private var next = 0

        var first: Entry? { next < entries.count ? entries[next] : nil }

        mutating func append(_ entry: Entry) { entries.append(entry) }

        mutating func removeFirst() {
            next += 1
            if next > 64, next * 2 > entries.count {
                entries.removeFirst(next)
                next = 0
            }
        }
    }

    private let maximalRunning: Int
    private(set) var limiter: RequestLimiter
    private var running: [ID: RequestLimiter.Permit?] = [:]
    private var waiting: [ID: Waiting] = [:]
    /// By `isToAccount`, then by priority.
    ///
    /// Removed ones stay in line and are passed over: `waiting` knows who is there.
    private var lines: [[Line]]
    private var nextOrder = 0
    /// How many wait, by priority.
    private(set) var waitingCounts: [Priority: Int] = [:]

    init(maximalRunning: Int, limiter: RequestLimiter) {
        self.maximalRunning = max(1, maximalRunning)
        self.limiter = limiter
        lines = Array(repeating: Array(repeating: Line(), count: Priority.allCases.count), count: 2)
    }

    /// How many run.
    var runningCount: Int { running.count }
    /// How many wait.
    var waitingCount: Int { waiting.count }

    /// Puts one in line.
    ///
    /// It must neither wait nor run already.
    mutating func add(_ id: ID, priority: Priority, isToAccount: Bool) {
        waiting[id] = Waiting(priority: priority, isToAccount: isToAccount, order: nextOrder)
        waitingCounts[priority, default: 0] += 1
        lines[isToAccount ? 1 : 0][priority.rawValue].append(Entry(id: id, order: nextOrder))
        nextOrder += 1
    }

    /// Takes the next one that may start, if any may.
    mutating func next(now: Instant) -> ID? {
        guard running.count < maximalRunning, !waiting.isEmpty else { return nil }
        var isAccountOpen = true
        for priority in Priority.allCases.reversed() {
            while true {
                let free = first(isToAccount: false, priority)
                let account = isAccountOpen ? first(isToAccount: true, priority) : nil
                if let account, account.order < (free?.order ?? .max) {
                    if let permit = limiter.start(now: now) {
                        return take(account.id, permit)
                    }
                    isAccountOpen = false
                    continue
                }
                if let free { return take(free.id, nil) }
                break
            }
        }
        return nil
    }

    /// Lets one go, whether it waited or ran; nothing happens when it did neither.
    mutating func finish(_ id: ID, _ outcome: RequestLimiter.Outcome, now: Instant) {
        stopWaiting(id)
        if let permit = running.removeValue(forKey: id), let permit {
            limiter.finish(permit, outcome, now: now)
        }
    }

    /// When to look for the next one again although nothing has ended: the limiter's pause is over.
    var wakeTime: Instant? {
        waiting.contains { $0.value.isToAccount } ? limiter.pausedUntil : nil
    }

    private mutating func first(isToAccount: Bool, _ priority: Priority) -> Entry? {
        let kind = isToAccount ? 1 : 0
        while let entry = lines[kind][priority.rawValue].first {
            if waiting[entry.id]?.order == entry.order { return entry }
            lines[kind][priority.rawValue].removeFirst()
        }
        return nil
    }

    private mutating func take(_ id: ID, _ permit: RequestLimiter.Permit?) -> ID {
        stopWaiting(id)
        running[id] = .some(permit)
        return id
    }

    private mutating func stopWaiting(_ id: ID) {
        guard let left = waiting.removeValue(forKey: id), let count = waitingCounts[left.priority] else { return }
        waitingCounts[left.priority] = count > 1 ? count - 1 : nil
    }
}
