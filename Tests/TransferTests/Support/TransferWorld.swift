import FoundationEssentials
import Support
import TestSupport

@testable import Transfer

/// A credential that comes and goes.
final class WanderingCredential: CredentialProvider {
    private let isThere = Locked(true)

    func set(_ isThere: Bool) { self.isThere.withLock { $0 = isThere } }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        isThere.withLock(\.self) ? .basic(Credential(username: "user", password: "password")) : nil
    }
}

/// Transfers with their queue, their limiter and what is known of hosts, and a network that does what it likes.
///
/// It carries out actions as `TransferLoop` does, on a clock of its own.
final class TransferWorld: SeededWorld {
    typealias Instant = SuspendingClock.Instant

    /// One transfer, and what the world knows of it apart from its state machine.
    final class Item {
        let id: UInt64
        var machine: TransferStateMachine
        var plan: TransferPlan
        let expected: Range<Int64>
        var queued: ExchangeRequest?
        var exchange: Wire?
        var connecting: Instant?
        var outcome = RequestLimiter.Outcome.unknown
        var isToAccount = false
        /// Whether the source, or the provider of credentials, has been asked and hasn't answered.
        var isAsking = false
        var isAskingForCredential = false
        /// What it has received, and where that begins.
        var firstOffset: Int64?
        var bytes: [UInt8] = []
        var furthest = 0
        var keptBody: [UInt8] = []
        /// The last new byte, or the start; later by the time for which the network isn't to blame.
        var lastProgress: Instant
        var queuedSince: Instant?
        var performCount = 0
        var results: [Result<Void, TransferError>] = []
        var isBackground: Bool { plan.priority == .background }
        var turn: Turn { Turn(isDownload: plan.isDownload, number: id) }

        init(_ id: UInt64, _ plan: TransferPlan, expected: Range<Int64>, machine: TransferStateMachine, now: Instant) {
            (self.id, self.plan, self.expected, self.machine, lastProgress) = (id, plan, expected, machine, now)
        }
    }

    /// A connection, from its start to its end.
    struct Wire {
        let request: ExchangeRequest
        var isConnected = false
        var hasHead = false
        /// The bytes that are still to come.
        var body: [UInt8] = []
        /// Whether the body comes to its end; otherwise the connection breaks.
        var isWhole = true
    }

    static let resource = pattern(300)
    var generator: SeededGenerator
    var now = SuspendingClock.now
    let patience = Patience(
        connect: .seconds(2), stall: .seconds(3), giveUp: .seconds(10), firstBackoff: .milliseconds(200),
        maximalBackoff: .seconds(1), outage: .seconds(5))
    var queue: AdmissionQueue<UInt64>
    let maximalRunning: Int
    var reachability = Reachability()
    var items: [UInt64: Item] = [:]
    var ended: [Item] = []
    var down: Set<Int> = []
    var isHealthy = false
    var problems: [String] = []
    let credential = WanderingCredential()
    private var lastID: UInt64 = 0
    private let addresses: [Address]

    init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        maximalRunning = Int.random(in: 1...4, using: &generator)
        queue = AdmissionQueue(
            maximalRunning: maximalRunning, limiter: RequestLimiter(maximum: Int.random(in: 1...3, using: &generator)))
        let credential = credential
        addresses = try (0..<3).map {
            try address("http://127.0.0.\($0 + 1)/media", credentials: $0 == 0 ? credential : nil)
        }
    }

    var sorted: [Item] { items.values.sorted { $0.id < $1.id } }
    func host(_ address: Address) -> Int { addresses.firstIndex { $0.origin == address.origin } ?? 0 }

    // MARK: The loop's work

    func begin() {
        let size = Int64(Self.resource.count)
        let low = Int64(number(0...298))
        let high = Int64.random(in: (low + 1)...size, using: &generator)
        let cases: [(ByteRange?, Range<Int64>)] = [
            (nil, 0..<size), (.bytes(low..<high), low..<high), (.from(low), low..<size),
            (.suffix(size - low), low..<size),
        ]
        let (range, expected) = cases[number(0...3)]
        var plan: TransferPlan
        var first: Address?
        let priority = Priority.allCases[number(0...2)]
        if isOnce(in: 4) {
            let place = addresses[number(0...2)]
            first = place
            plan = TransferPlan(Request(address: place, priority: priority, patience: patience))
        } else {
            plan = TransferPlan(
                DownloadRequest(range: range, priority: priority, patience: patience, retriesNotFound: isOnce(in: 2)))
            if isOnce(in: 5) { plan.earlierFailures = number(1...3) }
        }
        lastID += 1
        let item = Item(
            lastID, plan, expected: plan.isDownload ? expected : 0..<size,
            machine: TransferStateMachine(
                plan, address: first, now: now, random: SeededGenerator(seed: generator.next())), now: now)
        items[item.id] = item
        carryOut(item.machine.start(now: now), for: item)
    }

    func carryOut(_ actions: [TransferAction], for item: Item) {
        for action in actions {
            if !item.results.isEmpty { problems.append("an action follows the end of \(item.id)") }
            switch action {
            case .askForAddress: item.isAsking = true
            case .askForCredential: item.isAskingForCredential = true
            case .perform(let request):
                if item.exchange != nil || item.queued != nil { problems.append("\(item.id) has two exchanges") }
                item.queued = request
                item.queuedSince = now
                item.performCount += 1
                item.outcome = .unknown
                item.isToAccount = request.address.credentials != nil
                queue.add(
                    item.id, priority: item.plan.priority, turn: item.turn, lane: request.lane,
                    isToAccount: item.isToAccount)
                heedPause(item, request.lane)
            case .abandon:
                item.queued = nil
                if item.exchange != nil {
                    let isCancelled =
                        if case .end(.failure(let error)) = actions.last { error.code == .cancelled } else { false }
                    connectingEnded(item, isCancelled ? .cancelled : .noConnection)
                    item.exchange = nil
                }
                leaveQueue(item)
            case .begin(_, let offset): bytesBegin(item, at: offset)
            case .wait(let wait, let error):
                let limit = max(patience.maximalBackoff, Bounds.longestWait)
                if wait < .zero || wait > limit { problems.append("\(item.id) waits \(wait) after \(error)") }
            case .end(let result):
                item.results.append(result)
                items[item.id] = nil
                ended.append(item)
                check(result, of: item)
            }
        }
    }

    private func bytesBegin(_ item: Item, at offset: Int64) {
        if item.plan.isDownload, let first = item.firstOffset, !item.bytes.isEmpty {
            if offset != first + Int64(item.bytes.count) { problems.append("\(item.id) has a gap at \(offset)") }
        } else {
            item.firstOffset = offset
            item.bytes = []
        }
    }

    private func check(_ result: Result<Void, TransferError>, of item: Item) {
        if item.exchange != nil || item.queued != nil { problems.append("\(item.id) ends with an exchange") }
        guard case .success = result else { return }
        let wanted = Array(Self.resource[Int(item.expected.lowerBound)..<Int(item.expected.upperBound)])
        if item.bytes != wanted, item.bytes != Self.resource {
            problems.append("\(item.id) succeeds with \(item.bytes.count) of \(wanted.count) bytes")
        }
    }

    func startQueued() {
        while true {
            let isPaused = { (lane: Lane) in self.queue.pauses.end(of: lane, now: self.now) != nil }
            let waiting = sorted.filter { item in
                item.queued.map { !isPaused($0.lane) && (!item.isToAccount || queue.limiter.hasRoom) } ?? false
            }
            guard let id = queue.next(now: now) else {
                // Only those who have ended since may stand in the way.
                if queue.runningCount < maximalRunning, !waiting.isEmpty {
                    problems.append("\(waiting[0].id) isn't started although there is room")
                }
                return
            }
            guard let item = items[id], let request = item.queued else {
                queue.finish(id, .unknown, now: now)
                continue
            }
            if isPaused(request.lane) { problems.append("\(id) starts in a pause") }
            if waiting.contains(where: { $0.plan.priority > item.plan.priority }) {
                problems.append("\(id) goes before a more urgent one")
            }
            item.queued = nil
            if item.isBackground, let since = item.queuedSince {
                item.lastProgress = item.lastProgress.advanced(by: since.duration(to: now))
            }
            let authorization = request.address.credentials?.authorization(for: request.outgoing)
            if request.address.credentials != nil, authorization == nil {
                queue.finish(id, .unknown, now: now)
                carryOut(item.machine.credentialIsMissing(now: now), for: item)
                continue
            }
            if let outage = reachability.admit(request.lane.origin, now: now) {
                queue.finish(id, .unknown, now: now)
                carryOut(item.machine.hostIsUnreachable(outage, now: now), for: item)
                continue
            }
            item.connecting = now
            item.keptBody = []
            item.machine.exchangeStarted(authorization, now: now)
            item.exchange = Wire(request: request)
        }
    }

    private func leaveQueue(_ item: Item) {
        queue.finish(item.id, item.outcome, now: now)
        guard case .refused(.some) = item.outcome else { return }
        for other in sorted { if let request = other.queued { heedPause(other, request.lane) } }
    }

    func heedPause(_ item: Item, _ lane: Lane) {
        guard let end = queue.pauses.end(of: lane, now: now) else { return }
        carryOut(item.machine.hostAsksForPause(lane.origin, until: end, now: now), for: item)
    }

    private func waiting(for origin: Origin) -> [Item] { sorted.filter { $0.machine.awaitedOrigin == origin } }

    func connect(_ item: Item) {
        item.exchange?.isConnected = true
        item.machine.connected(now: now)
        connected(item)
    }

    private func connected(_ item: Item) {
        guard item.connecting != nil, let origin = item.exchange?.request.lane.origin else { return }
        item.connecting = nil
        guard reachability.succeeded(origin) else { return }
        for other in waiting(for: origin) { carryOut(other.machine.hostIsReachable(now: now), for: other) }
    }

    private func connectingEnded(_ item: Item, _ error: TransferError) {
        guard let began = item.connecting, let origin = item.exchange?.request.lane.origin else { return }
        item.connecting = nil
        guard [.nameNotResolved, .cannotConnect].contains(error.code) else {
            return reachability.abandoned(origin, began: began, now: now)
        }
        guard let outage = reachability.failed(origin, "no connection", began: began, now: now) else { return }
        for other in waiting(for: origin) { carryOut(other.machine.hostIsUnreachable(outage, now: now), for: other) }
    }

    func end(_ item: Item, _ result: Result<Void, TransferError>) {
        if let error = result.failure { connectingEnded(item, error) }
        item.exchange = nil
        leaveQueue(item)
        carryOut(item.machine.exchangeEnded(result, keptBody: item.keptBody, now: now), for: item)
    }

    func receive(_ item: Item, _ count: Int) {
        guard var wire = item.exchange else { return }
        let piece = Array(wire.body.prefix(count))
        wire.body.removeFirst(piece.count)
        item.exchange = wire
        let decision = item.machine.bodyArrived(count: piece.count, now: now)
        item.bytes += piece[decision.deliver]
        // A request that is repeated gets the same bytes again, which are no progress.
        if item.bytes.count > item.furthest { (item.furthest, item.lastProgress) = (item.bytes.count, now) }
        item.keptBody += piece.prefix(decision.keep)
        carryOut(decision.actions, for: item)
        if decision.isEnough, item.exchange != nil { end(item, .success(())) }
    }

    func fireDeadlines() {
        // A deadline may lead to a wait whose deadline is past as well: the loop looks again at once.
        for _ in 0..<5 where items.values.contains(where: { $0.machine.deadline.map { $0 <= now } ?? false }) {
            for item in sorted { carryOut(item.machine.timeHasPassed(now: now, keptBody: item.keptBody), for: item) }
        }
    }

    func placeForDownloads() -> Address { addresses[number(0...2)] }
    func setDown(_ host: Int, _ isDown: Bool) { if isDown { down.insert(host) } else { down.remove(host) } }
}
