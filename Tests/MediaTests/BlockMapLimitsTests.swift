import TestSupport
import Testing

@testable import Media

@Suite("What a map of blocks waits for, and what it lets go first", .orderly)
struct BlockMapLimitsTests {
    private typealias Bench = BlockMapTests.Bench

    private static let size = Int64(Block.size)

    @Test("Up to eight blocks are waited for, and what has eight left to bring isn't left off")
    func patience() throws {
        final class Owner {}
        for (index, isOrdered) in [(8, false), (9, true)] as [(Int64, Bool)] {
            var bench = try Bench(blocks: 64)
            _ = bench.read(0..<1, wanted: 0..<(40 * Self.size), piece: .max, reader: 1)
            let read = bench.read((index * Self.size)..<(index * Self.size + 1), reader: 2)
            #expect(read.start.isEmpty != isOrdered)
        }
        for (count, isLeftOff) in [(8, false), (9, true)] as [(Int64, Bool)] {
            let owner = Owner()
            var bench = try Bench(blocks: 64)
            let ahead = bench.read(
                0..<1, wanted: 0..<(count * Self.size), piece: .max, owner: ObjectIdentifier(owner), reader: 1)
            let order = try #require(ahead.start.first)
            _ = bench.read((60 * Self.size)..<(61 * Self.size), step: .seek, owner: ObjectIdentifier(owner), reader: 2)
            let first = order.blocks[0]
            #expect(bench.map.publish(order.number, block: first, count: first.byteCount).isDone == isLeftOff)
        }
    }

    @Test(
        "Of the blocks between the ends, those that were read to their end go first, however often and lately that was")
    func consumedFirst() throws {
        var bench = try Bench(blocks: 8)
        let order = try #require(bench.read(0..<(8 * Self.size), reader: 1).start.first)
        // Nobody reads them to their end.
        for block in order.blocks { _ = bench.map.publish(order.number, block: block, count: block.byteCount) }
        bench.map.consumed = []
        for index in [5, 2, 3, 4, 6] as [Int64] {
            let end = index == 5 || index == 3 ? (index + 1) * Self.size : index * Self.size + 1
            _ = bench.read((index * Self.size)..<end, reader: 2)
            if index == 5 { _ = bench.read((index * Self.size)..<end, reader: 3) }
        }
        #expect(bench.map.evict(0) == 0)
        for left in [[0, 1, 2, 3, 4, 6, 7], [0, 1, 2, 4, 6, 7], [0, 2, 4, 6, 7], [0, 4, 6, 7]] {
            #expect(bench.map.evict(1) == 1)
            #expect(bench.map.slots.keys.sorted() == left)
        }
        #expect(bench.map.evict(9, sparing: 6..<7) == 3)
        #expect(bench.map.evict(9) == 1)
    }
}
