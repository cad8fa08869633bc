import Testing

@testable import Transfer

@Suite("How many requests at once")
struct LimiterTests {
    let now = SuspendingClock.now

    @Test("The limit is halved once per burst of refusals, never below one, and grows by one per round of successes")
    func halvesAndGrows() throws {
        var limiter = RequestLimiter(maximum: 8)
        var permits = (0..<8).compactMap { _ in limiter.start(now: now) }
        #expect(permits.count == 8 && limiter.start(now: now) == nil)
        for permit in permits { limiter.finish(permit, .refused(retryAfter: nil), now: now) }
        #expect(limiter.limit == 4 && limiter.running == 0)
        for expected in [2, 1, 1] {
            let permitPermit = limiter.start(now: now)
            let permit = try #require(permitPermit)
            limiter.finish(permit, .refused(retryAfter: nil), now: now)
            #expect(limiter.limit == expected)
        }
        var limits: [Int] = []
        for _ in 0..<(1 + 2 + 3 + 4 + 5 + 6 + 7 + 20) {
            permits = (0..<1).compactMap { _ in limiter.start(now: now) }
            limiter.finish(try #require(permits.first), .processed, now: now)
            limits.append(limiter.limit)
        }
        #expect(limits.prefix(7) == [2, 2, 3, 3, 3, 4, 4] && limits.last == 8)
    }

    @Test("A refusal that tells how long to wait holds back the next, and a cancelled request teaches nothing")
    func pauses() throws {
        var limiter = RequestLimiter(maximum: 4)
        let firstPermit = limiter.start(now: now)
        let first = try #require(firstPermit)
        let secondPermit = limiter.start(now: now)
        let second = try #require(secondPermit)
        limiter.finish(first, .refused(retryAfter: .seconds(3)), now: now)
        limiter.finish(second, .refused(retryAfter: .seconds(1)), now: now)
        #expect(limiter.limit == 2 && limiter.pausedUntil == now.advanced(by: .seconds(3)))
        #expect(limiter.start(now: now.advanced(by: .milliseconds(2999))) == nil)
        let thirdPermit = limiter.start(now: now.advanced(by: .seconds(3)))
        let third = try #require(thirdPermit)
        limiter.finish(third, .unknown, now: now)
        #expect(limiter.limit == 2 && limiter.running == 0)
    }

    @Test("The queue keeps its bounds and its order whatever happens", arguments: 0..<100)
    func randomQueue(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let total = Int.random(in: 1...6, using: &generator)
        var queue = AdmissionQueue<Int>(maximalRunning: total, limiter: RequestLimiter(maximum: 3))
        // The reference: plain lists, searched from the start.
        var waiting: [(id: Int, priority: Priority, isToAccount: Bool)] = []
        var running: [(id: Int, isToAccount: Bool)] = []
        var clock = now
        for id in 0..<300 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                let priority = Priority.allCases.randomElement(using: &generator) ?? .reader
                let isToAccount = Bool.random(using: &generator)
                queue.add(id, priority: priority, isToAccount: isToAccount)
                waiting.append((id, priority, isToAccount))
            case 2:
                guard !running.isEmpty else { continue }
                let index = Int.random(in: 0..<running.count, using: &generator)
                let outcomes: [RequestLimiter.Outcome] = [
                    .processed, .processed, .unknown, .refused(retryAfter: nil), .refused(retryAfter: .seconds(1)),
                ]
                queue.finish(
                    running.remove(at: index).id, outcomes.randomElement(using: &generator) ?? .unknown, now: clock)
            default:
                guard !waiting.isEmpty else { continue }
                let index = Int.random(in: 0..<waiting.count, using: &generator)
                queue.finish(waiting.remove(at: index).id, .unknown, now: clock)
            }
            clock = clock.advanced(by: .milliseconds(Int.random(in: 0...500, using: &generator)))
            while let next = queue.next(now: clock) {
                let isAccountOpen = waiting.first { $0.id == next }?.isToAccount ?? true
                let candidates = waiting.filter { isAccountOpen || !$0.isToAccount }
                let best = candidates.map(\.priority).max()
                #expect(candidates.first { $0.priority == best }?.id == next, "priority, then first come")
                if let index = waiting.firstIndex(where: { $0.id == next }) {
                    running.append((next, waiting.remove(at: index).isToAccount))
                }
            }
            #expect(
                running.count <= total && queue.runningCount == running.count && queue.waitingCount == waiting.count)
            #expect(queue.waitingCounts == Dictionary(grouping: waiting, by: \.priority).mapValues(\.count))
            #expect(running.count { $0.isToAccount } == queue.limiter.running && queue.limiter.running <= 3)
            #expect(queue.limiter.limit >= 1 && queue.limiter.limit <= 3)
            // Work is never left lying: what goes elsewhere waits only for connections.
            #expect(running.count == total || waiting.allSatisfy(\.isToAccount))
        }
    }
}
