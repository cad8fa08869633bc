import Testing
import Threading

@Suite("Threads of the program's own")
struct ThreadingTests {
    @Test("join returns only after the work is done, and a second time at once")
    func joinWaits() throws {
        let count = Locked(0)
        let thread = try NamedThread(name: "adds") {
            for _ in 0..<100_000 { count.withLock { $0 += 1 } }
        }
        thread.join()
        #expect(count.withLock { $0 } == 100_000)
        thread.join()
    }

    @Test("a lock loses no change made by several threads")
    func lockExcludes() throws {
        let count = Locked(0)
        let threads = try (0..<4).map { number in
            try NamedThread(name: "adds-\(number)") {
                for _ in 0..<50_000 { count.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(count.withLock { $0 } == 200_000)
    }

    @Test("a condition wakes whoever waits for it, and gives up in time")
    func conditionWakes() throws {
        let condition = Condition(0)
        let thread = try NamedThread(name: "changes") {
            for _ in 0..<10 { condition.change { $0 += 1 } }
        }
        #expect(condition.wait { $0 == 10 ? $0 : nil } == 10)
        thread.join()
        let start = ContinuousClock.now
        #expect(condition.wait(timeout: .milliseconds(50)) { $0 == 11 ? $0 : nil } == nil)
        #expect(start.duration(to: .now) >= .milliseconds(50))
    }
}
