import TestSupport
import Testing

@testable import Media

@Suite("The map of a file's blocks")
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
        let contentSize: Int64
        let releasesWholeBlocks: Bool
        var generator: SeededGenerator
        /// What the transfers have still to bring; a cut fetch goes on until it is told that it is done.
        var fetches: [Int: Fetch] = [:]
        /// The ranges that readers wait for.
        var waiting: [Int: Range<Int64>] = [:]
        var answered: Set<Int> = []
        var nextReader = 0

        init(seed: UInt64, contentSize: Int64, releasesWholeBlocks: Bool) {
            map = BlockMap(contentSize: contentSize, releasesWholeBlocks: releasesWholeBlocks)
            self.contentSize = contentSize
            self.releasesWholeBlocks = releasesWholeBlocks
            generator = SeededGenerator(seed: seed)
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
            let reader = nextReader
            nextReader += 1
            let result = map.read(range, wanted: range.lowerBound..<(range.upperBound + ahead), reader: reader)
            var ordered: Set<Int> = []
            for order in result.start {
                #expect(fetches[order.number] == nil)
                #expect(!order.blocks.isEmpty)
                for (position, block) in order.blocks.enumerated() {
                    #expect(ordered.insert(block.index).inserted, "a block was ordered twice at once")
                    #expect(block.index == order.blocks[0].index + position)
                    #expect(block.offset < contentSize && block.byteCount > 0)
                    block.write([UInt8](repeating: 0, count: block.byteCount).span.bytes, at: 0)
                    #expect(
                        block.offset + Int64(block.byteCount) == min(contentSize, block.offset + BlockMapTests.size))
                }
                fetches[order.number] = Fetch(blocks: order.blocks)
                #expect(map.isUnderWay(order.number))
            }
            switch result.answer {
            case .ready(let blocks):
                check(range, blocks)
                answered.insert(reader)
            case .wait:
                waiting[reader] = range
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
            map.evict(beyond: Int.random(in: 0...40, using: &generator))
        }

        mutating func reset() {
            let left = map.reset()
            #expect(Set(left.readers.map(\.reader)) == Set(waiting.keys))
            #expect(left.readers.count == waiting.count)
            for (range, reader) in left.readers { #expect(waiting[reader] == range) }
            #expect(Set(left.fetches).isSubset(of: fetches.keys))
            answered.formUnion(waiting.keys)
            waiting = [:]
            #expect(map.blockCount == 0)
        }
    }

    @Test(
        "every reader is answered once with the bytes that were written, whatever happens meanwhile",
        arguments: 1...20 as ClosedRange<UInt64>, [true, false])
    func random(seed: UInt64, releasesWholeBlocks: Bool) {
        var generator = SeededGenerator(seed: seed &* 77)
        let contentSize = Int64.random(in: 1...(12 << 20), using: &generator)
        var model = Model(seed: seed, contentSize: contentSize, releasesWholeBlocks: releasesWholeBlocks)
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
        model.map.evict(beyond: 0)
        #expect(model.map.blockCount == 0)
    }

    @Test("nothing that is held or on its way is ordered again, and nothing beyond the end")
    func noDuplicates() {
        var map = BlockMap<Int>(contentSize: 10 * Self.size + 5, releasesWholeBlocks: true)
        let first = map.read(0..<Self.size, wanted: 0..<(4 * Self.size), reader: 1)
        #expect(first.start.map { $0.blocks.map(\.index) } == [[0, 1, 2, 3]])
        #expect(first.start.map(\.isAwaited) == [true])
        #expect(map.read(0..<(4 * Self.size), wanted: 0..<(4 * Self.size), reader: 2).start.isEmpty)
        let rest = map.read((9 * Self.size)..<(10 * Self.size), wanted: 0..<(99 * Self.size), reader: 3)
        #expect(rest.start.flatMap { $0.blocks.map(\.index) } == Array(4...10))
        #expect(rest.start.last?.blocks.last?.byteCount == 5)
        #expect(map.read(0..<(10 * Self.size + 5), wanted: 0..<(11 * Self.size), reader: 4).start.isEmpty)
    }

    @Test("a reader who would wait for long takes its blocks away from the fetch, which is told when it is done")
    func cut() throws {
        var map = BlockMap<Int>(contentSize: 64 * Self.size, releasesWholeBlocks: true)
        let ahead = try #require(map.read(0..<1, wanted: 0..<(40 * Self.size), reader: 1).start.first)
        let taken = map.read(
            (30 * Self.size)..<(30 * Self.size + 1), wanted: (30 * Self.size)..<(31 * Self.size), reader: 2)
        #expect(taken.start.map { $0.blocks.map(\.index) } == [[30]])
        // What is near is waited for.
        #expect(
            map.read((5 * Self.size)..<(6 * Self.size), wanted: (5 * Self.size)..<(6 * Self.size), reader: 3).start
                .isEmpty)
        var readers: [Int] = []
        for block in ahead.blocks.prefix(30) {
            let result = map.publish(ahead.number, block: block, count: block.byteCount)
            readers += result.ready.map(\.reader)
            #expect(result.isDone == (block.index == 29))
        }
        #expect(readers == [1, 3])
        #expect(!map.isUnderWay(ahead.number))
        // What it brings beyond is no longer its own.
        #expect(map.publish(ahead.number, block: ahead.blocks[30], count: Block.size).ready.isEmpty)
        let own = try #require(taken.start.first)
        #expect(map.publish(own.number, block: own.blocks[0], count: Block.size).ready.map(\.reader) == [2])
    }

    @Test("blocks that somebody waits for are never evicted, and those read last go last")
    func eviction() throws {
        var map = BlockMap<Int>(contentSize: 8 * Self.size, releasesWholeBlocks: true)
        let whole = 0..<(8 * Self.size)
        let order = try #require(map.read(whole, wanted: whole, reader: 1).start.first)
        for block in order.blocks.dropLast() { _ = map.publish(order.number, block: block, count: block.byteCount) }
        map.evict(beyond: 0)
        #expect(map.blockCount == 8)
        let last = try #require(order.blocks.last)
        #expect(map.publish(order.number, block: last, count: last.byteCount).ready.map(\.blocks.count) == [8])
        _ = map.read(0..<1, wanted: 0..<1, reader: 2)
        map.evict(beyond: 1)
        #expect(map.blockCount == 1)
        guard case .ready = map.read(0..<Self.size, wanted: 0..<Self.size, reader: 3).answer else {
            Issue.record("the block that was read last is gone")
            return
        }
    }

    @Test("bytes are released as they come where nothing is authenticated, in whole AES blocks")
    func partial() throws {
        var map = BlockMap<Int>(contentSize: Self.size, releasesWholeBlocks: false)
        let order = try #require(map.read(0..<100, wanted: 0..<Self.size, reader: 1).start.first)
        #expect(map.publish(order.number, block: order.blocks[0], count: 111).ready.isEmpty)
        #expect(map.publish(order.number, block: order.blocks[0], count: 112).ready.map(\.reader) == [1])
    }

    @Test("a map that replaces another never takes the other's fetches for its own")
    func replaced() throws {
        var old = BlockMap<Int>(contentSize: Self.size, releasesWholeBlocks: true)
        let stale = try #require(old.read(0..<1, wanted: 0..<1, reader: 1).start.first)
        var new = BlockMap<Int>(contentSize: Self.size, releasesWholeBlocks: true, nextFetch: old.nextFetch)
        _ = new.read(0..<1, wanted: 0..<1, reader: 2)
        #expect(new.publish(stale.number, block: stale.blocks[0], count: Block.size).ready.isEmpty)
        #expect(new.abandon(stale.number).isEmpty)
    }
}
