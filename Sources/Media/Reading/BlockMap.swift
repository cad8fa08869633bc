/// The blocks of a file in memory or on their way, and the reads that wait for them: a state machine without I/O.
///
/// Its owner calls it under the file's lock, then starts and cancels the returned fetches and serves the returned
/// reads. All offsets are of ciphertext, which for CTR and CBC equal those of the plaintext.
struct BlockMap<Reader> {
    /// Identifies a fetch.
    typealias FetchNumber = Int

    /// Blocks to fetch together.
    struct FetchOrder {
        let number: FetchNumber

        /// In ascending order; without a gap if from the server.
        let blocks: [Block]
        let source: Source
    }

    /// The origin of blocks.
    enum Source: Equatable {
        case server

        /// The disk cache, and the number of the unit.
        case diskCache(Int)
    }

    struct Slot {
        let block: Block

        /// Published bytes, from the block's beginning.
        var published = 0

        /// The fetch that fills the block; nil when it is complete.
        var fetch: FetchNumber?

        /// The map's clock at the last read, or at the order.
        var lastUse: UInt64
    }

    struct Fetch {
        /// The indices of the blocks to deliver; a seek, or a reader that can't wait, truncates them.
        var blocks: Range<Int>

        /// The block in progress.
        var current: Int

        /// The reader that ordered it.
        let owner: ObjectIdentifier?
        let source: Source

        /// Whether a reader has waited for it; otherwise it is read-ahead.
        var isAwaited = false
    }

    struct Waiting {
        let range: Range<Int64>
        let reader: Reader
        let consumes: Bool
    }

    /// The size of the ciphertext without the tag in bytes.
    let contentSize: Int64

    /// Whether blocks are published whole, since they are authenticated before they are released.
    private let releasesWholeBlocks: Bool

    var slots: [Int: Slot] = [:]
    var fetches: [FetchNumber: Fetch] = [:]
    var waiting: [Waiting] = []

    /// The content's units in the disk cache.
    var cachedUnits: Set<Int> = []

    /// Blocks read to their end, in order, with the clock; some may have been evicted.
    var consumed: [(index: Int, time: UInt64)] = []

    /// The number of the next fetch; the next map continues here, so that fetches of two maps never share a number.
    var nextFetch: FetchNumber
    var clock: UInt64 = 0

    init(contentSize: Int64, releasesWholeBlocks: Bool, nextFetch: FetchNumber = 0) {
        self.contentSize = contentSize
        self.nextFetch = nextFetch
        self.releasesWholeBlocks = releasesWholeBlocks
    }

    /// Blocks in memory or on their way.
    var blockCount: Int { slots.count }

    /// Whether a fetch is in progress and has remaining work.
    func isUnderWay(_ number: FetchNumber) -> Bool { fetches[number] != nil }

    /// Whether a reader has waited for a fetch in progress.
    func isAwaited(_ number: FetchNumber) -> Bool { fetches[number]?.isAwaited ?? false }

    /// Notes that a reader waits for a range; returns the fetches for which no reader has waited before.
    mutating func noteReader(of range: Range<Int64>) -> [FetchNumber] {
        var overtaken: [FetchNumber] = []
        for index in Self.blocks(of: range) {
            guard let number = slots[index]?.fetch, fetches[number]?.isAwaited == false else { continue }
            fetches[number]?.isAwaited = true
            overtaken.append(number)
        }
        return overtaken
    }

    /// Notes that a reader waits for all that is on its way; returns as ``noteReader(of:)``.
    mutating func noteReaderOfAll() -> [FetchNumber] {
        let overtaken = fetches.filter { !$0.value.isAwaited }.map(\.key)
        for number in overtaken { fetches[number]?.isAwaited = true }
        return overtaken
    }

    /// Publishes the first `count` bytes of a block.
    ///
    /// - Returns: the readers with all of their bytes, and whether the fetch has no remaining work.
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
        return (slot.published == 0 ? [] : takeReady(), isDone)
    }

    /// Ends a fetch; completed blocks stay.
    ///
    /// - Returns: the readers that waited for blocks that it didn't complete.
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

    /// Drops everything; returns the waiting readers.
    mutating func reset() -> [Reader] {
        defer { (slots, fetches, waiting, consumed) = ([:], [:], [], []) }
        return waiting.map(\.reader)
    }

    private mutating func takeReady() -> [(reader: Reader, blocks: [Block])] {
        guard waiting.contains(where: { isPublished($0.range) }) else { return [] }
        let ready = waiting.filter { isPublished($0.range) }
        waiting = waiting.filter { !isPublished($0.range) }
        return ready.map { ($0.reader, blocks(in: $0.range, consumes: $0.consumes)) }
    }

    /// The blocks of a range, marked as used.
    mutating func blocks(in range: Range<Int64>, consumes: Bool) -> [Block] {
        var blocks: [Block] = []
        for index in Self.blocks(of: range) {
            guard let slot = slots[index] else { continue }
            blocks.append(slot.block)
            noteUse(of: index, upTo: consumes ? range.upperBound : 0)
        }
        return blocks
    }

    /// Whether all bytes of a range are published, rounded up to CBC's blocks of 16.
    func isPublished(_ range: Range<Int64>) -> Bool {
        Self.blocks(of: range).allSatisfy { index in
            guard let slot = slots[index] else { return false }
            let end = min(range.upperBound - slot.block.offset, Int64(slot.block.byteCount))
            return slot.published >= min((Int(end) + 15) & ~15, slot.block.byteCount)
        }
    }

    /// The indices of the blocks that contain a range.
    static func blocks(of range: Range<Int64>) -> Range<Int> {
        let size = Int64(Block.size)
        return Int(range.lowerBound / size)..<Int((range.upperBound + size - 1) / size)
    }

    /// The blocks in a unit of the disk cache.
    static var unit: Int { 8 }

    /// The indices of a unit's blocks.
    static func blocks(ofUnit unit: Int, contentSize: Int64) -> Range<Int> {
        (unit * Self.unit)..<min(blocks(of: 0..<contentSize).upperBound, (unit + 1) * Self.unit)
    }
}
