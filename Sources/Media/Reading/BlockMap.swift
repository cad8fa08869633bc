/// Which blocks of a file are held or on their way, who waits for which, and what is to be fetched: a state machine without
/// I/O.
///
/// Its owner calls it under the file's lock, and afterwards starts and cancels the fetches and serves the readers that it
/// returned. All offsets are of ciphertext, which for CTR and CBC are those of the plaintext too.
struct BlockMap<Reader> {
    /// Names one fetch.
    typealias FetchNumber = Int

    /// A run of blocks to be fetched with one request.
    struct FetchOrder {
        let number: FetchNumber
        let blocks: [Block]

        /// Whether somebody waits for it, or it is read-ahead.
        let isAwaited: Bool
    }

    private struct Slot {
        let block: Block

        /// Bytes from the block's beginning that readers may look at.
        var published: Int

        /// The fetch that fills it; nil when it is complete.
        var fetch: FetchNumber?

        /// When it was last read, on the map's own clock.
        var lastUse: UInt64
    }

    private struct Fetch {
        /// Indices of the blocks that it still is to deliver; cut short when a reader couldn't wait for its end.
        var blocks: Range<Int>

        /// The block that is being filled.
        var current: Int
    }

    private struct Waiting {
        let range: Range<Int64>
        let reader: Reader
    }

    /// Bytes of content: the ciphertext without the tag.
    private let contentSize: Int64

    /// Whether readers see a block only when it is whole.
    ///
    /// Authenticated blocks are absorbed before they are released.
    private let releasesWholeBlocks: Bool

    private var slots: [Int: Slot] = [:]
    private var fetches: [FetchNumber: Fetch] = [:]
    private var waiting: [Waiting] = []

    /// The number of the next fetch.
    ///
    /// The map that replaces this one goes on from here, so that a fetch for this one is never taken for one of its own.
    private(set) var nextFetch: FetchNumber
    private var clock: UInt64 = 0

    /// A reader doesn't wait for a fetch that has more than this to deliver first; it gets one of its own.
    private static var patience: Int { 8 }

    init(contentSize: Int64, releasesWholeBlocks: Bool, nextFetch: FetchNumber = 0) {
        self.contentSize = contentSize
        self.nextFetch = nextFetch
        self.releasesWholeBlocks = releasesWholeBlocks
    }

    /// Blocks in memory, those on their way included.
    var blockCount: Int { slots.count }

    /// Whether a fetch is under way and has something left to do.
    func isUnderWay(_ number: FetchNumber) -> Bool { fetches[number] != nil }

    /// What becomes of a read.
    enum Answer {
        /// The bytes are there.
        case ready([Block])

        /// The reader was kept.
        case wait
    }

    /// Somebody wants to read.
    ///
    /// - Parameters:
    ///   - range: the bytes, within the content and not empty.
    ///   - wanted: those that should be on their way; contains `range`.
    ///   - reader: what is returned when the bytes are there.
    /// - Returns: what becomes of the read, and the fetches to start.
    mutating func read(_ range: Range<Int64>, wanted: Range<Int64>, reader: @autoclosure () -> Reader)
        -> (answer: Answer, start: [FetchOrder])
    {
        clock += 1
        let needed = Self.blocks(of: range)
        cutFetches(before: needed)
        var orders = order(needed: needed, wanted: Self.blocks(of: wanted.clamped(to: 0..<contentSize)))
        // A fetch may have been cut within what another reader waits for.
        for entry in waiting {
            let blocks = Self.blocks(of: entry.range)
            orders += order(needed: blocks, wanted: blocks)
        }
        for index in needed { slots[index]?.lastUse = clock }
        if isPublished(range) {
            return (.ready(needed.compactMap { slots[$0]?.block }), orders)
        }
        waiting.append(Waiting(range: range, reader: reader()))
        return (.wait, orders)
    }

    /// A fetch has written bytes.
    ///
    /// - Parameters:
    ///   - block: the block that it wrote to.
    ///   - count: bytes of the block that are written, from its beginning.
    /// - Returns: the readers whose bytes are there now, and whether the fetch has done all that is left for it.
    mutating func publish(_ number: FetchNumber, block: Block, count: Int)
        -> (ready: [(reader: Reader, blocks: [Block])], isDone: Bool)
    {
        guard var fetch = fetches[number], var slot = slots[block.index], slot.fetch == number else {
            return ([], true)
        }
        let isComplete = count == block.byteCount
        if isComplete || !releasesWholeBlocks { slot.published = count }
        if isComplete { slot.fetch = nil }
        slots[block.index] = slot
        fetch.current = isComplete ? block.index + 1 : block.index
        let isDone = fetch.current >= fetch.blocks.upperBound
        fetches[number] = isDone ? nil : fetch
        return (takeReady(), isDone)
    }

    /// A fetch has ended without delivering everything.
    ///
    /// - Returns: the readers who waited for what it still had to deliver. Blocks that it completed stay.
    mutating func abandon(_ number: FetchNumber) -> [Reader] {
        fetches[number] = nil
        let lost = Set(slots.values.lazy.filter { $0.fetch == number }.map(\.block.index))
        guard !lost.isEmpty else { return [] }
        for index in lost { slots[index] = nil }
        var failed: [Reader] = []
        waiting.removeAll { entry in
            guard Self.blocks(of: entry.range).contains(where: lost.contains) else { return false }
            failed.append(entry.reader)
            return true
        }
        return failed
    }

    /// Everything is let go: the readers who wait, and the fetches to cancel.
    mutating func reset() -> (readers: [(range: Range<Int64>, reader: Reader)], fetches: [FetchNumber]) {
        defer {
            slots = [:]
            fetches = [:]
            waiting = []
        }
        return (waiting.map { ($0.range, $0.reader) }, Array(fetches.keys))
    }

    /// Drops the complete blocks that weren't read for longest when there are more than `limit`, but none that somebody
    /// waits for.
    ///
    /// An eighth is dropped at once, so that a reader who goes through a large file doesn't have them sorted for each block.
    mutating func evict(beyond limit: Int) {
        guard slots.count > limit else { return }
        let limit = limit - limit / 8
        let awaited = Set(waiting.flatMap { Array(Self.blocks(of: $0.range)) })
        let candidates = slots.values.filter { $0.fetch == nil && !awaited.contains($0.block.index) }
            .sorted { $0.lastUse < $1.lastUse }
        for slot in candidates.prefix(slots.count - limit) { slots[slot.block.index] = nil }
    }

    // MARK: Planning

    /// Blocks that nobody fetches become fetches, one for each run.
    ///
    /// A run that is read-ahead alone waits until it is half of what is wanted, so that a reader who moves by one block
    /// doesn't make a request for each.
    private mutating func order(needed: Range<Int>, wanted: Range<Int>) -> [FetchOrder] {
        var orders: [FetchOrder] = []
        var index = min(needed.lowerBound, wanted.lowerBound)
        let end = max(needed.upperBound, wanted.upperBound)
        while index < end {
            let start = index
            while index < end, slots[index] == nil { index += 1 }
            let run = start..<index
            let isAwaited = run.overlaps(needed)
            if isAwaited || (!run.isEmpty && run.count * 2 >= wanted.count) {
                orders.append(begin(run, isAwaited: isAwaited))
            }
            index += 1
        }
        return orders
    }

    private mutating func begin(_ run: Range<Int>, isAwaited: Bool) -> FetchOrder {
        let number = nextFetch
        nextFetch += 1
        let blocks = run.map { index in
            Block(index: index, byteCount: Int(min(Int64(Block.size), contentSize - Int64(index) * Int64(Block.size))))
        }
        for block in blocks {
            slots[block.index] = Slot(block: block, published: 0, fetch: number, lastUse: clock)
        }
        fetches[number] = Fetch(blocks: run, current: run.lowerBound)
        return FetchOrder(number: number, blocks: blocks, isAwaited: isAwaited)
    }

    /// Takes blocks that are needed away from fetches that will not come to them soon.
    ///
    /// Such a fetch is left with those before, more than ``patience`` of them.
    private mutating func cutFetches(before needed: Range<Int>) {
        for (number, fetch) in fetches {
            let wanted = fetch.blocks.clamped(to: needed)
            guard !wanted.isEmpty, wanted.lowerBound - fetch.current > Self.patience else { continue }
            for index in wanted.lowerBound..<fetch.blocks.upperBound { slots[index] = nil }
            fetches[number]?.blocks = fetch.blocks.lowerBound..<wanted.lowerBound
        }
    }

    private mutating func takeReady() -> [(reader: Reader, blocks: [Block])] {
        var ready: [(reader: Reader, blocks: [Block])] = []
        var stillWaiting: [Waiting] = []
        for entry in waiting {
            if isPublished(entry.range) {
                ready.append((entry.reader, Self.blocks(of: entry.range).compactMap { slots[$0]?.block }))
            } else {
                stillWaiting.append(entry)
            }
        }
        waiting = stillWaiting
        return ready
    }

    /// Whether readers may look at all bytes of a range.
    ///
    /// CBC is decrypted in blocks of 16, so ends are rounded up.
    private func isPublished(_ range: Range<Int64>) -> Bool {
        Self.blocks(of: range).allSatisfy { index in
            guard let slot = slots[index] else { return false }
            let end = min(range.upperBound - slot.block.offset, Int64(slot.block.byteCount))
            return slot.published >= min((Int(end) + 15) & ~15, slot.block.byteCount)
        }
    }

    /// The indices of the blocks in which a range lies.
    private static func blocks(of range: Range<Int64>) -> Range<Int> {
        let size = Int64(Block.size)
        return Int(range.lowerBound / size)..<Int((range.upperBound + size - 1) / size)
    }
}
