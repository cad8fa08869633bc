import Catalog
import Support
import Testing
import TestSupport

@Suite("The thread that writes to catalogs", .orderly)
struct WriteQueueTests {
    /// Occupies a queue's thread until `body` returns.
    private static func whileBusy(_ queue: WriteQueue, _ body: () -> Void) {
        let (isBusy, isOver) = (Condition(false), Condition(false))
        queue.run(.bulk) {
            isBusy.change { $0 = true }
            isOver.waitWithoutEnd { $0 ? () : nil }
        }
        isBusy.waitWithoutEnd { $0 ? () : nil }
        body()
        isOver.change { $0 = true }
    }

    @Test("Urgent work goes before bulk work that was given earlier, and each keeps its order")
    func order() throws {
        let queue = try WriteQueue()
        let done = Locked<[Int]>([])
        Self.whileBusy(queue) {
            for number in 0..<3 { queue.run(.bulk) { done.withLock { $0.append(10 + number) } } }
            for number in 0..<3 { queue.run(.urgent) { done.withLock { $0.append(number) } } }
        }
        queue.shutDown()
        #expect(done.withLock { $0 } == [0, 1, 2, 10, 11, 12])
    }

    @Test("Urgent work that comes while bulk work runs goes before the rest of it")
    func overtaking() throws {
        let queue = try WriteQueue()
        let done = Locked<[Int]>([])
        Self.whileBusy(queue) {
            queue.run(.bulk) {
                done.withLock { $0.append(1) }
                queue.run(.urgent) { done.withLock { $0.append(2) } }
            }
            queue.run(.bulk) { done.withLock { $0.append(3) } }
        }
        queue.finish()
        queue.shutDown()
        #expect(done.withLock { $0 } == [1, 2, 3])
    }

    @Test("Finishing waits for all work that was given before, and leaves the queue open")
    func finishing() throws {
        let queue = try WriteQueue()
        let done = Locked(0)
        for _ in 0..<100 {
            queue.run(.bulk) { done.withLock { $0 += 1 } }
            queue.run(.urgent) { done.withLock { $0 += 1 } }
        }
        queue.finish()
        #expect(done.withLock { $0 } == 200)
        #expect(queue.run(.urgent) { done.withLock { $0 += 1 } })
        queue.shutDown()
        #expect(done.withLock { $0 } == 201)
    }

    @Test("After shutting down, work is dropped and finishing doesn't wait")
    func shutDown() throws {
        let queue = try WriteQueue()
        let done = Locked(0)
        for _ in 0..<100 { #expect(queue.run(.bulk) { done.withLock { $0 += 1 } }) }
        queue.shutDown()
        #expect(done.withLock { $0 } == 100)
        #expect(!queue.run(.urgent) { done.withLock { $0 += 1 } })
        queue.finish()
        #expect(done.withLock { $0 } == 100)
    }

    @Test("Threads that give work at the same time lose none of it")
    func contention() throws {
        let queue = try WriteQueue()
        let done = Locked(0)
        let threads = try (0..<4).map { number in
            try NamedThread(name: "gives-\(number)") {
                for count in 0..<1000 { queue.run(count % 2 == 0 ? .urgent : .bulk) { done.withLock { $0 += 1 } } }
            }
        }
        for thread in threads { thread.join() }
        queue.shutDown()
        #expect(done.withLock { $0 } == 4000)
    }
}
