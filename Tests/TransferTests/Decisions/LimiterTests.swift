import TestSupport
import Testing

@testable import Transfer

@Suite("How many requests at once", .orderly)
struct LimiterTests {
    let now = SuspendingClock.now

    @Test("The limit is halved at first, once per burst of refusals, never below one, and grows by one per round")
    func halvesAndGrows() throws {
        var limiter = RequestLimiter(maximum: 8)
        var permits = (0..<8).compactMap { _ in limiter.start() }
        #expect(permits.count == 8 && limiter.start() == nil)
        for permit in permits { limiter.finish(permit, .refused(retryAfter: nil)) }
        #expect(limiter.limit == 4 && limiter.running == 0)
        for expected in [2, 1, 1] {
            let permitPermit = limiter.start()
            let permit = try #require(permitPermit)
            limiter.finish(permit, .refused(retryAfter: nil))
            #expect(limiter.limit == expected)
        }
        var limits: [Int] = []
        for _ in 0..<(1 + 2 + 3 + 4 + 5 + 6 + 7 + 20) {
            permits = (0..<1).compactMap { _ in limiter.start() }
            limiter.finish(try #require(permits.first), .processed)
            limits.append(limiter.limit)
        }
        #expect(limits.prefix(7) == [2, 2, 2, 3, 3, 3, 4] && limits.last == 8)
    }

    /// The limits after each of many requests, as many at the same time as allowed, of which a server refuses some.
    private static func limits(
        maximum: Int, requests count: Int, refuses: (_ running: Int, inout SeededGenerator) -> Bool
    ) -> [Int] {
        var limiter = RequestLimiter(maximum: maximum)
        var generator = SeededGenerator(seed: 1)
        var running: [(permit: RequestLimiter.Permit, isRefused: Bool)] = []
        return (0..<count).map { _ in
            while let permit = limiter.start() {
                running.append((permit, refuses(limiter.running, &generator)))
            }
            let ended = running.removeFirst()
            limiter.finish(ended.permit, ended.isRefused ? .refused(retryAfter: nil) : .processed)
            return limiter.limit
        }
    }

    @Test("The limit finds what the account allows, and few requests are refused from then on", arguments: [2, 7, 20])
    func findsLimit(allowed: Int) {
        let limits = Self.limits(maximum: 32, requests: 4000) { running, _ in running > allowed }
        let late = limits.suffix(2000)
        #expect(late.allSatisfy { $0 >= allowed / 2 && $0 <= allowed + 2 }, "\(Set(late))")
        #expect(late.reduce(0, +) >= late.count * max(1, allowed * 3 / 4))
    }

    @Test("Refusals that don't depend on the number of requests leave many of them at the same time")
    func refusedAtRandom() {
        let limits = Self.limits(maximum: 32, requests: 10_000) { _, generator in
            Int.random(in: 0..<10, using: &generator) == 0
        }
        let mean = Double(limits.suffix(8000).reduce(0, +)) / 8000
        #expect(mean >= 12, "\(mean)")
    }

    @Test("An account that allows less than before is found out soon")
    func becomesLess() throws {
        var count = 0
        let limits = Self.limits(maximum: 32, requests: 4400) { running, _ in
            count += 1
            return running > (count > 4000 ? 2 : 32)
        }
        #expect(limits[3900] == 32)
        let found = try #require(limits[4000...].firstIndex { $0 <= 3 })
        #expect(found < 4200, "\(found)")
    }

    @Test("A cancelled request teaches the limiter nothing")
    func unknown() throws {
        var limiter = RequestLimiter(maximum: 4)
        let permit = limiter.start()
        limiter.finish(try #require(permit), .unknown)
        #expect(limiter.limit == 4 && limiter.running == 0)
    }

    /// Lanes of three origins, media and other requests.
    private static func lanes() throws -> [Lane] {
        try ["https://api.example", "https://video.example", "https://media.example"].flatMap { text in
            let origin = try Origin(of: try url(text))
            return [false, true].map { Lane(origin: origin, isMedia: $0) }
        }
    }

    @Test("A pause holds back its own lane: not another host, and not media where the API is busy")
    func pauses() throws {
        let lanes = try Self.lanes()
        var queue = AdmissionQueue<Int>(maximalRunning: 100, limiter: RequestLimiter(maximum: 100))
        for (id, lane) in (lanes + lanes).enumerated() {
            let turn = Turn(isDownload: true, number: UInt64(id))
            queue.add(id, priority: .reader, turn: turn, lane: lane, isToAccount: true)
        }
        #expect(queue.next(now: now) == 0)
        queue.finish(0, .refused(retryAfter: .seconds(3)), now: now)
        #expect((0..<12).compactMap { _ in queue.next(now: now) } == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11])
        #expect(queue.wakeTime(now: now) == now.advanced(by: .seconds(3)))
        #expect(queue.next(now: now.advanced(by: .milliseconds(2999))) == nil)
        #expect(queue.next(now: now.advanced(by: .seconds(3))) == 6)
        #expect(queue.wakeTime(now: now.advanced(by: .seconds(3))) == nil)
    }

    @Test("A retry goes before transfers that began later, and the request for an address before downloads")
    func turns() throws {
        let lane = try Self.lanes()[0]
        var queue = AdmissionQueue<UInt64>(maximalRunning: 1, limiter: RequestLimiter(maximum: 100))
        func add(_ number: UInt64, isDownload: Bool = true, priority: Priority = .reader) {
            let turn = Turn(isDownload: isDownload, number: number)
            queue.add(number, priority: priority, turn: turn, lane: lane, isToAccount: true)
        }
        for number in 1...4 as ClosedRange<UInt64> { add(number) }
        #expect(queue.next(now: now) == 1)
        queue.finish(1, .processed, now: now)
        add(5, isDownload: false)
        add(6, isDownload: false, priority: .background)
        add(1)
        queue.raise(6, to: .reader, turn: Turn(isDownload: false, number: 6))
        var order: [UInt64] = []
        while let next = queue.next(now: now) {
            order.append(next)
            queue.finish(next, .processed, now: now)
        }
        #expect(order == [5, 6, 1, 2, 3, 4])
    }

    @Test("The longest pause counts, and none is longer than two minutes")
    func longestPause() throws {
        let lane = try Self.lanes()[0]
        var pauses = Pauses()
        pauses.pause(lane, for: .seconds(Int64.max), now: now)
        #expect(pauses.end(of: lane, now: now) == now.advanced(by: .seconds(120)))
        pauses.pause(lane, for: .seconds(1), now: now)
        #expect(pauses.end(of: lane, now: now) == now.advanced(by: .seconds(120)))
        #expect(pauses.end(of: lane, now: now.advanced(by: .seconds(120))) == nil)
        pauses.pause(lane, for: .zero, now: now.advanced(by: .seconds(121)))
        #expect(pauses.ends.isEmpty)
    }

    @Test("The queue keeps its bounds and its order whatever happens", arguments: 0..<100)
    func randomQueue(seed: Int) throws {
        let lanes = try Self.lanes()
        var pausedUntil: [Lane: SuspendingClock.Instant] = [:]
        var generator = SeededGenerator(seed: UInt64(seed))
        let total = Int.random(in: 1...6, using: &generator)
        var queue = AdmissionQueue<Int>(maximalRunning: total, limiter: RequestLimiter(maximum: 3))
        // The reference: plain lists, searched from the start.
        var waiting: [(id: Int, priority: Priority, turn: Turn, lane: Lane, isToAccount: Bool)] = []
        var running: [(id: Int, lane: Lane, isToAccount: Bool)] = []
        var clock = now
        for id in 0..<300 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                let priority = Priority.allCases.randomElement(using: &generator) ?? .reader
                let isToAccount = Bool.random(using: &generator)
                let lane = lanes.randomElement(using: &generator) ?? lanes[0]
                // Some have waited before.
                let turn = Turn(
                    isDownload: .random(using: &generator), number: UInt64(Int.random(in: 0...id, using: &generator)))
                queue.add(id, priority: priority, turn: turn, lane: lane, isToAccount: isToAccount)
                // A stable place behind those of the same turn.
                let place = waiting.firstIndex { $0.turn > turn } ?? waiting.count
                waiting.insert((id, priority, turn, lane, isToAccount), at: place)
            case 2:
                guard !running.isEmpty else { continue }
                let index = Int.random(in: 0..<running.count, using: &generator)
                let outcomes: [RequestLimiter.Outcome] = [
                    .processed, .processed, .unknown, .refused(retryAfter: nil), .refused(retryAfter: .seconds(1)),
                ]
                let ended = running.remove(at: index)
                let outcome = outcomes.randomElement(using: &generator) ?? .unknown
                queue.finish(ended.id, outcome, now: clock)
                if outcome == .refused(retryAfter: .seconds(1)) {
                    pausedUntil[ended.lane] = clock.advanced(by: .seconds(1))
                }
            default:
                guard !waiting.isEmpty else { continue }
                let index = Int.random(in: 0..<waiting.count, using: &generator)
                queue.finish(waiting.remove(at: index).id, .unknown, now: clock)
            }
            clock = clock.advanced(by: .milliseconds(Int.random(in: 0...500, using: &generator)))
            func mayStart(_ lane: Lane, isToAccount: Bool) -> Bool {
                let hasRoom = running.count { $0.isToAccount } < queue.limiter.limit
                return (hasRoom || !isToAccount) && pausedUntil[lane].map { $0 <= clock } ?? true
            }
            while true {
                let candidates = waiting.filter { mayStart($0.lane, isToAccount: $0.isToAccount) }
                let best = candidates.map(\.priority).max()
                let expected = running.count < total ? candidates.first { $0.priority == best }?.id : nil
                let next = queue.next(now: clock)
                #expect(next == expected, "priority, then turn, then first come")
                guard let next, let index = waiting.firstIndex(where: { $0.id == next }) else { break }
                let started = waiting.remove(at: index)
                running.append((next, started.lane, started.isToAccount))
            }
            #expect(running.count <= total && queue.runningCount == running.count)
            #expect(queue.waitingCounts == Dictionary(grouping: waiting, by: \.priority).mapValues(\.count))
            #expect(running.count { $0.isToAccount } == queue.limiter.running && queue.limiter.running <= 3)
            #expect(queue.limiter.limit >= 1 && queue.limiter.limit <= 3)
        }
    }
}
