import TestSupport
import Testing

@testable import Media

/// Window, map and pool together, as a file uses them, beside a reference model of what a reader can see.
@Suite("Reading ahead in random patterns", .orderly)
struct ReadAheadModelTests {
    private final class Owner {}

    private struct Model {
        let owner = Owner()
        let pool: MemoryPool
        let contentSize: Int64
        var map: BlockMap<Int>
        var window = ReadAheadWindow()
        var generator: SeededGenerator
        var position: Int64 = 0
        var nextReader = 0
        /// Orders under way: what they have still to bring.
        var orders: [Int: [Block]] = [:]
        /// How often each block was ordered.
        var orderCounts: [Int: Int] = [:]
        var waiting: Set<Int> = []
        var seekCount = 0

        init(seed: UInt64, contentSize: Int64, slots: Int) throws {
            self.contentSize = contentSize
            pool = try #require(MemoryPool(immediateOf: slots * PooledMemory.stride))
            map = BlockMap(contentSize: contentSize, releasesWholeBlocks: seed % 2 == 0)
            generator = SeededGenerator(seed: seed)
        }

        mutating func read(_ range: Range<Int64>, link: LinkEstimate) {
            let share = Int64(pool.slotCount * Block.size)
            let wish = window.advance(
                range, share: share, largest: link.largestWindow, connectionCount: link.connectionCount)
            #expect(wish.range.lowerBound == range.lowerBound && wish.range.upperBound >= range.upperBound)
            // A window never has more ahead than half of the share, but always the least.
            let ahead = wish.range.upperBound - range.upperBound
            #expect(ahead <= max(share / 2, ReadAheadWindow.minimum) + ReadAheadWindow.tolerance)
            let complete = Set(map.slots.values.filter { $0.fetch == nil }.map(\.block.index))
            let free = pool.freeCount
            let result = map.read(
                range, wish: wish, owner: ObjectIdentifier(owner), reader: nextReader, supply: pool.take)
            for order in result.start {
                for block in order.blocks {
                    #expect(block.offset < contentSize, "beyond the end")
                    // Nothing had to be let go as long as memory was free.
                    if free >= 80 { #expect(!complete.contains(block.index), "fetched although it was held") }
                    orderCounts[block.index, default: 0] += 1
                }
                orders[order.number] = order.blocks
            }
            switch result.answer {
            case .ready: break
            case .wait: waiting.insert(nextReader)
            case .short(let count): #expect(pool.freeCount < count)
            }
            nextReader += 1
            #expect(pool.freeCount >= 0)
        }

        /// The network brings a block, of any of the fetches.
        mutating func deliver() {
            guard let number = orders.keys.sorted().randomElement(using: &generator), let blocks = orders[number],
                let block = blocks.first
            else { return }
            let result = map.publish(number, block: block, count: block.byteCount)
            for ready in result.ready { #expect(waiting.remove(ready.reader) != nil, "answered twice") }
            let rest = Array(blocks.dropFirst())
            orders[number] = rest.isEmpty || result.isDone ? nil : rest
            map.trim()
        }

        mutating func finish() {
            while !orders.isEmpty { deliver() }
            #expect(waiting.isEmpty, "somebody waits for ever")
        }

        /// Where the reader goes next: mostly on, sometimes a little or far away.
        mutating func nextRange() -> Range<Int64> {
            let count = Int64.random(in: 1...(1 << 20), using: &generator)
            switch Int.random(in: 0..<20, using: &generator) {
            case 0:
                position = Int64.random(in: 0..<contentSize, using: &generator)
                seekCount += 1
            case 1: position = max(0, position - (1 << 20))
            case 2: position += 1 << 19
            default: break
            }
            if position >= contentSize { position = 0 }
            let range = position..<min(contentSize, position + count)
            position = range.upperBound
            return range
        }
    }

    @Test(
        "Every reader is answered, nothing held is fetched, nothing beyond the end, no more memory than there is",
        arguments: 1...30 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var model = try Model(
            seed: seed, contentSize: Int64(seed) * 3_000_001, slots: seed % 3 == 0 ? 40 : 400)
        var link = LinkEstimate()
        for step in 0..<500 {
            if step % 50 == 0 {
                // The link changes its nature now and then.
                let rate = [20e6, 200e6, 2e9].randomElement(using: &model.generator) ?? 1e9
                for _ in 0..<10 { link.note(byteCount: 4 << 20, delay: 0.03, seconds: 4e6 / rate) }
            }
            model.read(model.nextRange(), link: link)
            for _ in 0..<Int.random(in: 0...20, using: &model.generator) { model.deliver() }
            #expect(model.map.blockCount <= model.pool.slotCount)
        }
        model.finish()
    }

    @Test(
        "Who reads in order has each block fetched once, whatever the size of the reads",
        arguments: [4096, 131_072, 1 << 20])
    func sequential(step: Int64) throws {
        var model = try Model(seed: 2, contentSize: (32 << 20) + 12_345, slots: 600)
        var position: Int64 = 0
        while position < model.contentSize {
            model.read(position..<min(model.contentSize, position + step), link: LinkEstimate())
            position += step
            // The network is as fast as the reader.
            while !model.waiting.isEmpty { model.deliver() }
        }
        model.finish()
        #expect(model.orderCounts.count == BlockMap<Int>.blocks(of: 0..<model.contentSize).count)
        #expect(model.orderCounts.values.allSatisfy { $0 == 1 })
    }

    @Test("Going back a little, or forward a little, fetches nothing twice")
    func nearSeeks() throws {
        var model = try Model(seed: 4, contentSize: 64 << 20, slots: 600)
        for offset in [0, 1, 2, 3, 2, 3, 4, 6, 5, 7, 8, 7] as [Int64] {
            model.read((offset << 20)..<((offset + 1) << 20), link: LinkEstimate())
            while !model.waiting.isEmpty { model.deliver() }
        }
        model.finish()
        #expect(model.orderCounts.values.allSatisfy { $0 == 1 })
    }
}
