import TestSupport
import Testing

@testable import Media

@Suite("The map of a file's blocks", .orderly)
struct BlockMapTests {
    private static let size = Int64(Block.size)

    /// One file's map, beside what a simple model says of it.
    private struct Model {
        struct Fetch {
            let blocks: [Block]
            var current = 0
            var written = 0
        }

        var map: BlockMap<Int>
        let pool: MemoryPool
        let contentSize: Int64
        let releasesWholeBlocks: Bool
        var generator: SeededGenerator
        /// What the transfers have still to bring; a cut fetch goes on until it is told that it is done.
        var fetches: [Int: Fetch] = [:]
        /// The ranges that readers wait for.
        var waiting: [Int: Range<Int64>] = [:]
        var answered: Set<Int> = []
        var nextReader = 0

        /// Those for whom is read.
        private final class Owner {}
        private let owners = [Owner(), Owner(), Owner()]

        /// The map's blocks, its fetches' included, never take more.
        static let slotCount = 60

        init(seed: UInt64, contentSize: Int64, releasesWholeBlocks: Bool) throws {
            pool = try #require(MemoryPool(immediateOf: Self.slotCount * PooledMemory.stride))
            map = BlockMap(contentSize: contentSize, releasesWholeBlocks: releasesWholeBlocks)
            self.contentSize = contentSize
            self.releasesWholeBlocks = releasesWholeBlocks
            generator = SeededGenerator(seed: seed)
        }

        /// Blocks that are complete; those that are evicted within a read may be ordered again by it.
        private var heldBlocks: Set<Int> {
            pool.freeCount < 50 ? [] : Set(map.slots.values.filter { $0.fetch == nil }.map(\.block.index))
        }

        /// Fetches write a byte that tells the block, so that a reader can be seen to get what was written.
        private static func byte(of index: Int) -> UInt8 { UInt8(index % 255 + 1) }

        private func check(_ range: Range<Int64>, _ blocks: [Block]) {
            let first = range.lowerBound / BlockMapTests.size
            let last = (range.upperBound - 1) / BlockMapTests.size
            #expect(blocks.map { Int64($0.index) } == Array(first...last))
            for offset in [range.lowerBound, (range.lowerBound + range.upperBound - 1) / 2, range.upperBound - 1] {
                let index = Int(offset / BlockMapTests.size - first)
                guard blocks.indices.contains(index) else { continue }
                let place = Int(offset % BlockMapTests.size)
                let byte = blocks[index].read(place..<(place + 1)) { $0.unsafeLoad(as: UInt8.self) }
                #expect(byte == Self.byte(of: blocks[index].index))
            }
        }

        mutating func read() {
            let length = Int64.random(in: 1...(300 << 10), using: &generator)
            let start = Int64.random(in: 0..<contentSize, using: &generator)
            let range = start..<min(contentSize, start + length)
            let ahead = Int64.random(in: 0...(6 << 20), using: &generator)
            let pieces: [Int64] = [256 << 10, 1 << 20, 4 << 20]
            let steps: [ReadAheadWindow.Step] = [.first, .onward, .onward, .seek]
            let wish = ReadAheadWindow.Wish(
                range: range.lowerBound..<(range.upperBound + ahead),
                pieceSize: pieces.randomElement(using: &generator) ?? 0,
                step: steps.randomElement(using: &generator) ?? .onward)
            let reader = nextReader
            nextReader += 1
            let held = heldBlocks
            let result = map.read(
                range, wish: wish, owner: owners.randomElement(using: &generator).map { ObjectIdentifier($0) },
                reader: reader, supply: pool.take)
            var ordered: Set<Int> = []
            for order in result.start {
                #expect(fetches[order.number] == nil)
                #expect(!order.blocks.isEmpty)
                for (position, block) in order.blocks.enumerated() {
                    #expect(ordered.insert(block.index).inserted, "a block was ordered twice at once")
                    #expect(!held.contains(block.index), "a block was ordered that was held when there was memory")
                    if order.source == .server { #expect(block.index == order.blocks[0].index + position) }
                    #expect(block.offset < contentSize && block.byteCount > 0)
                    block.write([UInt8](repeating: 0, count: block.byteCount).span.bytes, at: 0)
                    #expect(
                        block.offset + Int64(block.byteCount) == min(contentSize, block.offset + BlockMapTests.size))
                }
                fetches[order.number] = Fetch(blocks: order.blocks)
                #expect(map.isUnderWay(order.number))
            }
            #expect(map.blockCount + pool.freeCount <= Self.slotCount)
            switch result.answer {
            case .ready(let blocks):
                check(range, blocks)
                answered.insert(reader)
            case .wait:
                waiting[reader] = range
            case .short(let count):
                // All that is free, and all that nobody needs, isn't enough.
                #expect(pool.freeCount < count)
                answered.insert(reader)
            }
        }

        /// One fetch brings some bytes.
        mutating func deliver() {
            guard let number = fetches.keys.sorted().randomElement(using: &generator), var fetch = fetches[number]
            else {
                return
            }
            let block = fetch.blocks[fetch.current]
            let count = min(block.byteCount - fetch.written, Int.random(in: 1...(160 << 10), using: &generator))
            let bytes = [UInt8](repeating: Self.byte(of: block.index), count: count)
            block.write(bytes.span.bytes, at: fetch.written)
            fetch.written += count
            let result = map.publish(number, block: block, count: fetch.written)
            if fetch.written == block.byteCount {
                fetch.current += 1
                fetch.written = 0
            }
            let isOver = fetch.current == fetch.blocks.count
            if isOver { #expect(result.isDone) }
            fetches[number] = isOver || result.isDone ? nil : fetch
            for (reader, blocks) in result.ready {
                guard let range = waiting.removeValue(forKey: reader) else {
                    Issue.record("reader \(reader) was answered twice")
                    continue
                }
                check(range, blocks)
                #expect(answered.insert(reader).inserted)
            }
            // The end of the transfer, as it comes in any case.
            if isOver || result.isDone { #expect(map.abandon(number).isEmpty) }
        }

        /// One fetch fails.
        mutating func fail() {
            guard let number = fetches.keys.sorted().randomElement(using: &generator) else { return }
            fetches[number] = nil
            for reader in map.abandon(number) {
                #expect(waiting.removeValue(forKey: reader) != nil)
                #expect(answered.insert(reader).inserted)
            }
            #expect(!map.isUnderWay(number))
        }

        mutating func evict() {
            map.evict(Int.random(in: 0...10, using: &generator))
            if Bool.random(using: &generator) { map.trim() }
        }

        mutating func reset() {
            let left = map.reset()
            #expect(Set(left) == Set(waiting.keys))
            #expect(left.count == waiting.count)
            answered.formUnion(waiting.keys)
            waiting = [:]
            #expect(map.blockCount == 0)
        }
    }

    @Test(
        "Every reader is answered once with the bytes that were written, whatever happens meanwhile",
        arguments: 1...20 as ClosedRange<UInt64>, [true, false])
    func random(seed: UInt64, releasesWholeBlocks: Bool) throws {
        var generator = SeededGenerator(seed: seed &* 77)
        let contentSize = Int64.random(in: 1...(12 << 20), using: &generator)
        var model = try Model(seed: seed, contentSize: contentSize, releasesWholeBlocks: releasesWholeBlocks)
        for _ in 0..<400 {
            switch Int.random(in: 0..<100, using: &generator) {
            case ..<35: model.read()
            case ..<88: model.deliver()
            case ..<92: model.fail()
            case ..<99: model.evict()
            default: model.reset()
            }
        }
        // When everything has been delivered, nobody waits any more.
        var steps = 0
        while !model.fetches.isEmpty, steps < 100_000 {
            model.deliver()
            steps += 1
        }
        #expect(model.fetches.isEmpty)
        #expect(model.waiting.isEmpty)
        #expect(model.answered.count == model.nextReader)
        model.map.evict(.max)
        #expect(model.map.blockCount == 0)
        #expect(model.pool.freeCount == Model.slotCount)
    }

    /// A map and memory for it, asked in the short form that most tests need.
    struct Bench {
        var map: BlockMap<Int>
        let pool: MemoryPool

        init(blocks: Int64, rest: Int64 = 0, releasesWholeBlocks: Bool = true, slots: Int = 256) throws {
            map = BlockMap(
                contentSize: blocks * BlockMapTests.size + rest, releasesWholeBlocks: releasesWholeBlocks)
            pool = try #require(MemoryPool(immediateOf: slots * PooledMemory.stride))
        }

        mutating func read(
            _ range: Range<Int64>, wanted: Range<Int64>? = nil, piece: Int64 = 4 << 20,
            step: ReadAheadWindow.Step = .first, owner: ObjectIdentifier? = nil, reader: Int
        ) -> (answer: BlockMap<Int>.Answer, start: [BlockMap<Int>.FetchOrder]) {
            map.read(
                range, wish: .init(range: wanted ?? range, pieceSize: piece, step: step), owner: owner, reader: reader,
                supply: pool.take)
        }

        /// All blocks of an order come.
        mutating func deliver(_ order: BlockMap<Int>.FetchOrder) -> [Int] {
            order.blocks.flatMap { block in
                map.publish(order.number, block: block, count: block.byteCount).ready.map(\.reader)
            }
        }
    }

    @Test("Nothing that is held or on its way is ordered again, and nothing beyond the end")
    func noDuplicates() throws {
        var bench = try Bench(blocks: 10, rest: 5)
        let first = bench.read(0..<Self.size, wanted: 0..<(4 * Self.size), reader: 1)
        #expect(first.start.map { $0.blocks.map(\.index) } == [[0, 1, 2, 3]])
        #expect(bench.map.noteReader(of: 0..<Self.size) == first.start.map(\.number))
        #expect(bench.map.noteReader(of: 0..<(4 * Self.size)).isEmpty, "a reader waits for it already")
        #expect(bench.read(0..<(4 * Self.size), wanted: 0..<(4 * Self.size), reader: 2).start.isEmpty)
        let rest = bench.read((9 * Self.size)..<(10 * Self.size), wanted: 0..<(99 * Self.size), reader: 3)
        #expect(rest.start.flatMap { $0.blocks.map(\.index) } == Array(4...10))
        #expect(rest.start.last?.blocks.last?.byteCount == 5)
        #expect(bench.read(0..<(10 * Self.size + 5), wanted: 0..<(11 * Self.size), reader: 4).start.isEmpty)
    }

    @Test("A large window is fetched in pieces at once, the one that is needed first")
    func pieces() throws {
        var bench = try Bench(blocks: 40)
        let orders = bench.read(
            Self.size..<(2 * Self.size), wanted: Self.size..<(14 * Self.size), piece: 4 * Self.size, reader: 1
        ).start
        #expect(orders.map { $0.blocks.map(\.index) } == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
        #expect(bench.map.noteReader(of: Self.size..<(2 * Self.size)) == [orders[0].number])
        #expect(orders.map { bench.map.isAwaited($0.number) } == [true, false, false])
        #expect(bench.map.noteReader(of: (4 * Self.size)..<(6 * Self.size)) == [orders[1].number])
        // The rest of the window is no full piece: it waits, unless the file ends there.
        let last = bench.read(
            (2 * Self.size)..<(3 * Self.size), wanted: (2 * Self.size)..<(40 * Self.size), piece: 16 * Self.size,
            step: .onward, reader: 2
        ).start
        #expect(last.map { $0.blocks.map(\.index) } == [Array(13...28), Array(29...39)])
    }

    @Test("Who comes new to a place far within a fetch takes its blocks away from it, which is told when it is done")
    func cut() throws {
        var bench = try Bench(blocks: 64)
        let ahead = try #require(bench.read(0..<1, wanted: 0..<(40 * Self.size), piece: .max, reader: 1).start.first)
        let place = (30 * Self.size)..<(30 * Self.size + 1)
        // Who reads on waits for what was ordered for it.
        #expect(bench.read((20 * Self.size)..<(20 * Self.size + 1), step: .onward, reader: 4).start.isEmpty)
        let taken = bench.read(place, reader: 2)
        #expect(taken.start.map { $0.blocks.map(\.index) } == [[30]])
        // What is near is waited for.
        #expect(bench.read((5 * Self.size)..<(6 * Self.size), reader: 3).start.isEmpty)
        var readers: [Int] = []
        for block in ahead.blocks.prefix(30) {
            let result = bench.map.publish(ahead.number, block: block, count: block.byteCount)
            readers += result.ready.map(\.reader)
            #expect(result.isDone == (block.index == 29))
        }
        #expect(readers == [1, 3, 4])
        #expect(!bench.map.isUnderWay(ahead.number))
        // What it brings beyond is no longer its own.
        #expect(bench.map.publish(ahead.number, block: ahead.blocks[30], count: Block.size).ready.isEmpty)
        #expect(bench.deliver(try #require(taken.start.first)) == [2])
    }

    @Test("A reader that goes elsewhere leaves off what was read ahead for it, and nobody else's")
    func leaveOff() throws {
        final class Owner {}
        let (mine, other) = (Owner(), Owner())
        var bench = try Bench(blocks: 200)
        let ours = bench.read(
            0..<1, wanted: 0..<(64 * Self.size), piece: 32 * Self.size, owner: ObjectIdentifier(mine), reader: 1)
        let theirs = bench.read(
            (100 * Self.size)..<(100 * Self.size + 1), wanted: (100 * Self.size)..<(132 * Self.size),
            piece: 32 * Self.size, owner: ObjectIdentifier(other), reader: 2)
        #expect(ours.start.count == 2 && theirs.start.count == 1)
        _ = bench.read(
            (190 * Self.size)..<(190 * Self.size + 1), step: .seek, owner: ObjectIdentifier(mine), reader: 3)
        // The block that is being filled is finished, and the one that somebody waits for.
        for order in ours.start {
            let block = order.blocks[0]
            #expect(bench.map.publish(order.number, block: block, count: block.byteCount).isDone)
        }
        #expect(bench.map.isUnderWay(theirs.start[0].number))
    }

    @Test("Blocks that somebody waits for are never evicted, and those read last go last")
    func eviction() throws {
        var bench = try Bench(blocks: 8)
        let whole = 0..<(8 * Self.size)
        let order = try #require(bench.read(whole, reader: 1).start.first)
        for block in order.blocks.dropLast() {
            _ = bench.map.publish(order.number, block: block, count: block.byteCount)
        }
        bench.map.evict(.max)
        #expect(bench.map.blockCount == 8)
        let last = try #require(order.blocks.last)
        let ready = bench.map.publish(order.number, block: last, count: last.byteCount).ready
        #expect(ready.map(\.blocks.count) == [8])
        _ = bench.read((2 * Self.size)..<(2 * Self.size + 1), reader: 2)
        bench.map.evict(5)
        #expect(Set(bench.map.slots.keys) == [0, 2, 7], "the ends and what was read last stay longest")
        bench.map.evict(1)
        #expect(Set(bench.map.slots.keys) == [0, 7])
    }

    @Test("What was read to its end is let go by and by, but for the last few blocks")
    func trimming() throws {
        var bench = try Bench(blocks: 200)
        for index in 0..<100 as Range<Int64> {
            let range = (index * Self.size)..<((index + 1) * Self.size)
            for order in bench.read(range, step: .onward, reader: Int(index)).start { _ = bench.deliver(order) }
            bench.map.trim()
            #expect(bench.map.blockCount <= BlockMap<Int>.keptBehind * 2 + 2)
        }
        #expect(bench.map.slots[0] != nil && bench.map.slots[99] != nil && bench.map.slots[95] != nil)
    }

    @Test("Without memory a reader isn't kept, and gets it in exchange for what nobody needs")
    func scarceMemory() throws {
        var bench = try Bench(blocks: 64, slots: 8)
        let far = (40 * Self.size)..<(46 * Self.size)
        do {
            let first = bench.read(0..<(4 * Self.size), wanted: 0..<(32 * Self.size), reader: 1)
            // Read-ahead leaves a reserve.
            #expect(first.start.map(\.blocks.count) == [4])
            guard case .short(let count) = bench.read(far, reader: 2).answer else {
                Issue.record("there is no memory for six blocks")
                return
            }
            #expect(count == 6)
            #expect(bench.deliver(try #require(first.start.first)) == [1])
        }
        let second = bench.read(far, reader: 2)
        #expect(second.start.map(\.blocks.count) == [6])
        #expect(bench.map.blockCount + bench.pool.freeCount == 8)
    }

    @Test("Bytes are released as they come where nothing is authenticated, in whole AES blocks")
    func partial() throws {
        var bench = try Bench(blocks: 1, releasesWholeBlocks: false)
        let order = try #require(bench.read(0..<100, reader: 1).start.first)
        #expect(bench.map.publish(order.number, block: order.blocks[0], count: 111).ready.isEmpty)
        #expect(bench.map.publish(order.number, block: order.blocks[0], count: 112).ready.map(\.reader) == [1])
    }

    @Test("What the disk cache has comes from there, whole units of it")
    func diskCache() throws {
        var bench = try Bench(blocks: 40, rest: 7)
        bench.map.cachedUnits = [1, 5]
        let read = bench.read((7 * Self.size)..<(9 * Self.size), reader: 1)
        #expect(read.start.map(\.source) == [.server, .diskCache(1)])
        #expect(read.start.map { $0.blocks.map(\.index) } == [[7], Array(8...15)])
        let end = bench.read((40 * Self.size)..<(40 * Self.size + 1), reader: 2)
        #expect(end.start.map(\.source) == [.diskCache(5)])
        #expect(end.start.map { $0.blocks.map(\.byteCount) } == [[7]])
        for order in read.start + end.start { _ = bench.deliver(order) }
        #expect(bench.map.completeUnit(around: 7) == nil)
        #expect(bench.map.completeUnit(around: 8) == nil, "it is there already")
        for order in bench.read(0..<(7 * Self.size), reader: 3).start { _ = bench.deliver(order) }
        #expect(bench.map.completeUnit(around: 3)?.blocks.map(\.index) == Array(0...7))
        for (blocks, last) in [(40, 32..<40), (41, 40..<41), (47, 40..<47), (48, 40..<48)] as [(Int64, Range<Int>)] {
            #expect(BlockMap<Int>.blocks(ofUnit: last.lowerBound / 8, contentSize: blocks * Self.size) == last)
            #expect(BlockMap<Int>.blocks(ofUnit: 0, contentSize: blocks * Self.size) == 0..<8)
        }
    }

    @Test("A map that replaces another never takes the other's fetches for its own")
    func replaced() throws {
        var old = try Bench(blocks: 1)
        let stale = try #require(old.read(0..<1, reader: 1).start.first)
        var new = try Bench(blocks: 1)
        new.map = BlockMap(contentSize: Self.size, releasesWholeBlocks: true, nextFetch: old.map.nextFetch)
        _ = new.read(0..<1, reader: 2)
        #expect(new.map.publish(stale.number, block: stale.blocks[0], count: Block.size).ready.isEmpty)
        #expect(new.map.abandon(stale.number).isEmpty)
    }
}
