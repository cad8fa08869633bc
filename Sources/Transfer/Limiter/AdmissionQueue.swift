/// Decides which exchange starts next: by priority, then by turn.
///
/// It stands before libcurl's queue, so that a reader overtakes read-ahead. It has three limits: the number of
/// connections limits all exchanges, the limiter those with a credential, and a server's pause those of a lane. A
/// blocked exchange doesn't block those behind it.
struct AdmissionQueue<ID: Hashable> {
    typealias Instant = SuspendingClock.Instant

    private struct Entry {
        let id: ID
        let turn: Turn
        /// Tells it from an earlier one of the same exchange.
        let order: Int
    }

    /// The exchanges that are blocked together.
    private struct Kind: Hashable {
        let lane: Lane
        let isToAccount: Bool
    }

    private struct Waiting {
        let priority: Priority
        let kind: Kind
        let turn: Turn
        let order: Int
    }

    private struct Running {
        let lane: Lane
        let permit: RequestLimiter.Permit?
    }

    /// Entries by turn; removal moves `next`, so that a long queue isn't shifted each time.
    private struct Line {
        private var entries: [Entry] = []
        private var next = 0

        var first: Entry? { next < entries.count ? entries[next] : nil }

        /// Inserts an entry behind those of its turn and of earlier ones; most are the last.
        mutating func insert(_ entry: Entry) {
            var (low, high) = (next, entries.count)
            if let last = entries.last, last.turn <= entry.turn { low = high }
            while low < high {
                let middle = (low + high) / 2
                if entries[middle].turn <= entry.turn { low = middle + 1 } else { high = middle }
            }
            entries.insert(entry, at: low)
        }

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
    /// The lines of each kind with waiting exchanges, by priority; removed exchanges stay and are skipped.
    private var lines: [Kind: [Line]] = [:]
    /// The number of waiting exchanges of each kind.
    private var kindCounts: [Kind: Int] = [:]
    private var nextOrder = 0
    /// The number of waiting exchanges, by priority.
    private(set) var waitingCounts: [Priority: Int] = [:]

    init(maximalRunning: Int, limiter: RequestLimiter) {
        self.maximalRunning = max(1, maximalRunning)
        self.limiter = limiter
    }

    /// The number of running exchanges.
    var runningCount: Int { running.count }

    /// Queues an exchange, which must neither wait nor run already.
    mutating func add(_ id: ID, priority: Priority, turn: Turn, lane: Lane, isToAccount: Bool) {
        let kind = Kind(lane: lane, isToAccount: isToAccount)
        waiting[id] = Waiting(priority: priority, kind: kind, turn: turn, order: nextOrder)
        waitingCounts[priority, default: 0] += 1
        kindCounts[kind, default: 0] += 1
        lines[kind, default: Array(repeating: Line(), count: Priority.allCases.count)][priority.rawValue]
            .insert(Entry(id: id, turn: turn, order: nextOrder))
        nextOrder += 1
    }

    /// Raises the priority of a waiting exchange, which takes another turn there; others are ignored.
    mutating func raise(_ id: ID, to priority: Priority, turn: Turn) {
        guard let left = waiting[id], priority > left.priority else { return }
        stopWaiting(id)
        add(id, priority: priority, turn: turn, lane: left.kind.lane, isToAccount: left.kind.isToAccount)
    }

    /// Starts the next exchange, if one may start.
    mutating func next(now: Instant) -> ID? {
        guard running.count < maximalRunning, !waiting.isEmpty else { return nil }
        let open = lines.keys.filter { kind in
            (limiter.hasRoom || !kind.isToAccount) && pauses.end(of: kind.lane, now: now) == nil
        }
        for priority in Priority.allCases.reversed() {
            var best: (kind: Kind, entry: Entry)?
            for kind in open {
                guard let entry = first(kind, priority) else { continue }
                if let best, (best.entry.turn, best.entry.order) < (entry.turn, entry.order) { continue }
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

    /// Removes a waiting or running exchange; others are ignored.
    mutating func finish(_ id: ID, _ outcome: RequestLimiter.Outcome, now: Instant) {
        stopWaiting(id)
        guard let ended = running.removeValue(forKey: id) else { return }
        if let permit = ended.permit { limiter.finish(permit, outcome) }
        if case .refused(let retryAfter?) = outcome {
            pauses.pause(ended.lane, for: retryAfter, now: now)
        }
    }

    /// The earliest end of a pause for which exchanges wait; the owner then calls `next` even without another event.
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
        // Without a waiting exchange of this kind, its lines hold removed ones only.
        if kindCounts[left.kind] == nil { lines[left.kind] = nil }
    }
}
