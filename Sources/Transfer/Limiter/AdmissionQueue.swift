/// Decides which exchange starts next: by priority, then first come, first served.
///
/// It is our own queue, in front of libcurl's, so that a reader overtakes read-ahead. Three things bound what runs: the
/// number of connections for all, the limiter for requests to the account, those with a credential, and the pauses that
/// servers ask for, each for its own lane. One that is held back doesn't hold back those behind it that aren't.
struct AdmissionQueue<ID: Hashable> {
    typealias Instant = SuspendingClock.Instant

    private struct Entry {
        let id: ID
        let order: Int
    }

    /// What is held back together.
    private struct Kind: Hashable {
        let lane: Lane
        let isToAccount: Bool
    }

    private struct Waiting {
        let priority: Priority
        let kind: Kind
        let order: Int
    }

    private struct Running {
        let lane: Lane
        let permit: RequestLimiter.Permit?
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
    private(set) var pauses = Pauses()
    private var running: [ID: Running] = [:]
    private var waiting: [ID: Waiting] = [:]
    /// For each kind of which any wait, by priority.
    ///
    /// Removed ones stay in line and are passed over: `waiting` knows who is there.
    private var lines: [Kind: [Line]] = [:]
    /// How many wait of each kind.
    private var kindCounts: [Kind: Int] = [:]
    private var nextOrder = 0
    /// How many wait, by priority.
    private(set) var waitingCounts: [Priority: Int] = [:]

    init(maximalRunning: Int, limiter: RequestLimiter) {
        self.maximalRunning = max(1, maximalRunning)
        self.limiter = limiter
    }

    /// How many run.
    var runningCount: Int { running.count }
    /// How many wait.
    var waitingCount: Int { waiting.count }

    /// Puts one in line.
    ///
    /// It must neither wait nor run already.
    mutating func add(_ id: ID, priority: Priority, lane: Lane, isToAccount: Bool) {
        let kind = Kind(lane: lane, isToAccount: isToAccount)
        waiting[id] = Waiting(priority: priority, kind: kind, order: nextOrder)
        waitingCounts[priority, default: 0] += 1
        kindCounts[kind, default: 0] += 1
        lines[kind, default: Array(repeating: Line(), count: Priority.allCases.count)][priority.rawValue]
            .append(Entry(id: id, order: nextOrder))
        nextOrder += 1
    }

    /// Takes the next one that may start, if any may.
    mutating func next(now: Instant) -> ID? {
        guard running.count < maximalRunning, !waiting.isEmpty else { return nil }
        let open = lines.keys.filter { kind in
            (limiter.hasRoom || !kind.isToAccount) && pauses.end(of: kind.lane, now: now) == nil
        }
        for priority in Priority.allCases.reversed() {
            var best: (kind: Kind, entry: Entry)?
            for kind in open {
                guard let entry = first(kind, priority), entry.order < best?.entry.order ?? .max else { continue }
                best = (kind, entry)
            }
            guard let best else { continue }
            let permit = best.kind.isToAccount ? limiter.start() : nil
            stopWaiting(best.entry.id)
            running[best.entry.id] = Running(lane: best.kind.lane, permit: permit)
            return best.entry.id
        }
        return nil
    }

    /// Lets one go, whether it waited or ran; nothing happens when it did neither.
    mutating func finish(_ id: ID, _ outcome: RequestLimiter.Outcome, now: Instant) {
        stopWaiting(id)
        guard let ended = running.removeValue(forKey: id) else { return }
        if let permit = ended.permit {
            limiter.finish(permit, outcome)
        }
        if case .refused(let retryAfter?) = outcome {
            pauses.pause(ended.lane, for: retryAfter, now: now)
        }
    }

    /// When to look for the next one again although nothing has ended: a pause is over for which some wait.
    func wakeTime(now: Instant) -> Instant? {
        kindCounts.keys.compactMap { pauses.end(of: $0.lane, now: now) }.min()
    }

    private mutating func first(_ kind: Kind, _ priority: Priority) -> Entry? {
        while let entry = lines[kind]?[priority.rawValue].first {
            if waiting[entry.id]?.order == entry.order { return entry }
            lines[kind]?[priority.rawValue].removeFirst()
        }
        return nil
    }

    private mutating func stopWaiting(_ id: ID) {
        guard let left = waiting.removeValue(forKey: id) else { return }
        waitingCounts[left.priority] = waitingCounts[left.priority].flatMap { $0 > 1 ? $0 - 1 : nil }
        kindCounts[left.kind] = kindCounts[left.kind].flatMap { $0 > 1 ? $0 - 1 : nil }
        // Nobody of its kind waits any more, so that whatever is in its lines was removed.
        if kindCounts[left.kind] == nil { lines[left.kind] = nil }
    }
}
