import Glibc
import TestSupport
import Testing

@testable import Support

@Suite("Threads of the program's own", .orderly)
struct ThreadTests {
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

    @Test("A lock loses no change made by several threads")
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

    @Test("A condition wakes whoever waits for it, and gives up in time")
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

    @Test("A pool's threads stand back behind others as far as is said, and no others do")
    func niceness() throws {
        func niceness(of pool: WorkerPool) -> Int32 {
            let found = Condition(nil as Int32?)
            pool.run { found.change { $0 = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) } }
            return found.waitWithoutEnd { $0 }
        }
        let own = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
        let nice = try WorkerPool(name: "nice", threadCount: 1, niceness: own + 3)
        let other = try WorkerPool(name: "other", threadCount: 1)
        #expect(niceness(of: nice) == own + 3)
        #expect(niceness(of: other) == own)
        for pool in [nice, other] { pool.shutDown() }
    }

    @Test("A pool whose last thread can't be started ends those that run")
    func incompletePool() throws {
        let ended = Locked(0)
        #expect(throws: SystemError.self) {
            _ = try WorkerPool(threadCount: 3) { (number, body) throws(SystemError) in
                guard number < 2 else { throw SystemError("no thread can be started", EAGAIN) }
                return try NamedThread(name: "pool") {
                    body()
                    ended.withLock { $0 += 1 }
                }
            }
        }
        #expect(eventually { ended.withLock { $0 } == 2 })
    }

    @Test("A pool whose thread waits for good is left alone at its end, and its thread does nothing else any more")
    func boundedShutDown() throws {
        let pool = try WorkerPool(name: "stuck", threadCount: 2)
        let isFree = Condition(false)
        let done = Locked(0)
        for _ in 0..<2 { pool.run { isFree.waitUntil { $0 } } }
        pool.run { done.withLock { $0 += 1 } }
        #expect(!pool.shutDown(within: .milliseconds(20)))
        isFree.change { $0 = true }
        #expect(pool.shutDown(within: .seconds(60)))
        #expect(done.withLock(\.self) == 0)
        let other = try WorkerPool(name: "works", threadCount: 1)
        other.run { done.withLock { $0 += 1 } }
        #expect(other.shutDown(within: .seconds(60)) && done.withLock(\.self) == 1)
    }

    @Test("A pool does what it was given before it was shut down, and nothing after")
    func shutDownPool() throws {
        let pool = try WorkerPool(name: "works", threadCount: 1)
        let done = Locked([Int]())
        for number in 0..<100 { #expect(pool.run { done.withLock { $0.append(number) } }) }
        pool.shutDown()
        #expect(!pool.run { done.withLock { $0.append(100) } })
        #expect(done.withLock { $0 } == Array(0..<100))
    }
}
