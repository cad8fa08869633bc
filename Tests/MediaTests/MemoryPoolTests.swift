import Support
import TestSupport
import Testing

@testable import Media

@Suite("The pool of memory", .orderly)
struct MemoryPoolTests {
    /// Makes a pool.
    ///
    /// - Parameter isRunning: whether the threads that grant slots are running.
    private static func pool(slots: Int, isRunning: Bool = true) throws -> MemoryPool {
        try #require(
            MemoryPool(byteCount: slots * PooledMemory.stride + 100) { work in
                if isRunning { work() }
                return isRunning
            })
    }

    @Test("It gives as many slots as there is memory for, each to one owner, and not one more")
    func ceiling() throws {
        #expect(MemoryPool(immediateOf: PooledMemory.stride - 1) == nil)
        #expect(try Self.pool(slots: 1).take(1, for: .reader)?.count == 1)
        let pool = try Self.pool(slots: 20)
        #expect(pool.slotCount == 20)
        let all = try #require(pool.take(20, for: .reader))
        let addresses = all.map { UInt(bitPattern: $0.bytes) }.sorted()
        #expect(zip(addresses, addresses.dropFirst()).allSatisfy { $1 - $0 >= UInt(Block.size + Block.prefixSize) })
        #expect(addresses.allSatisfy { $0 % 64 == 0 })
        for memory in all { memory.bytes.initializeMemory(as: UInt8.self, repeating: 1, count: Block.size) }
        #expect(pool.take(1, for: .reader) == nil)
        #expect(pool.freeCount == 0)
    }

    @Test("What nobody refers to any more is free again, and used before memory that was never touched")
    func reuse() throws {
        let pool = try Self.pool(slots: 20)
        let first = try #require(pool.take(3, for: .reader)).map { UInt(bitPattern: $0.bytes) }
        #expect(pool.freeCount == 20)
        let second = try #require(pool.take(3, for: .reader)).map { UInt(bitPattern: $0.bytes) }
        #expect(Set(first) == Set(second))
    }

    @Test("Read-ahead leaves an eighth for readers, and gets nothing while one of them waits")
    func reserve() throws {
        let pool = try Self.pool(slots: 16)
        #expect(pool.take(15, for: .readAhead) == nil)
        var held = try #require(pool.take(14, for: .readAhead))
        #expect(pool.take(1, for: .readAhead) == nil)
        let granted = Awaited<Int>()
        pool.wait(for: 3) { granted.add($0.count) }
        #expect(pool.hasWaiters)
        #expect(pool.take(1, for: .reader) == nil, "nobody goes before one who waits")
        held.removeLast()
        #expect(try granted.value() == 3)
        #expect(!pool.hasWaiters)
    }

    @Test(
        "Those who wait are served in their order, all that they need at once", arguments: 1...5 as ClosedRange<UInt64>)
    func order(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pool = try Self.pool(slots: 12)
        let held = Locked(try #require(pool.take(12, for: .reader)))
        let served = Locked<[Int]>([])
        let counts = (0..<20).map { _ in Int.random(in: 1...12, using: &generator) }
        for (number, count) in counts.enumerated() {
            pool.wait(for: count) { memory in
                #expect(memory.count == count)
                served.withLock { $0.append(number) }
            }
        }
        #expect(served.withLock { $0 } == [])
        while let last = held.withLock({ $0.popLast() }) { _ = last }
        #expect(served.withLock { $0 } == Array(0..<20))
        #expect(pool.freeCount == 12)
    }

    @Test("When it is shut down, those who wait get nothing")
    func shutDown() throws {
        let pool = try Self.pool(slots: 2)
        let held = try #require(pool.take(2, for: .reader))
        let granted = Awaited<Int>()
        pool.wait(for: 1) { granted.add($0.count) }
        pool.abandonWaiters()
        #expect(try granted.value() == 0)
        #expect(held.count == 2)
    }

    @Test("Who begins to wait after the end gets nothing at once, and so does who is served when no thread is left")
    func waitingAfterTheEnd() throws {
        let ended = try Self.pool(slots: 2)
        ended.abandonWaiters()
        let granted = Awaited<Int>()
        ended.wait(for: 1) { granted.add($0.count) }
        #expect(try granted.value() == 0)
        #expect(!ended.hasWaiters)
        let threadless = try Self.pool(slots: 2, isRunning: false)
        let answers = Awaited<Int>()
        threadless.wait(for: 1) { answers.add($0.count) }
        #expect(try answers.value() == 0)
        #expect(threadless.freeCount == 2)
    }

    @Test("Many threads never have more than there is")
    func threads() throws {
        let pool = try Self.pool(slots: 32)
        let inUse = Locked((now: 0, most: 0))
        let threads = try (0..<8).map { number in
            try NamedThread(name: "taker-\(number)") {
                var generator = SeededGenerator(seed: UInt64(number))
                for _ in 0..<2000 {
                    let count = Int.random(in: 1...8, using: &generator)
                    guard let memory = pool.take(count, for: .reader) else { continue }
                    inUse.withLock {
                        $0.now += count
                        $0.most = max($0.most, $0.now)
                    }
                    for slot in memory { slot.bytes.storeBytes(of: UInt64(number), as: UInt64.self) }
                    for slot in memory { #expect(slot.bytes.load(as: UInt64.self) == UInt64(number)) }
                    inUse.withLock { $0.now -= count }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(inUse.withLock { $0.most } <= 32)
        #expect(pool.freeCount == 32)
    }
}
