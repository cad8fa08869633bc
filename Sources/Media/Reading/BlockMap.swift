/// Which blocks of a file are held or on their way, who waits for which, and what is to be fetched: a state machine
/// without I/O.
///
/// Its owner calls it under the file's lock, and afterwards starts and cancels the fetches and serves the readers that
/// it returned. All offsets are of ciphertext, which for CTR and CBC are those of the plaintext too.
///
/// How fetches are planned is in `BlockMap+Planning.swift`, what is let go of in `BlockMap+Eviction.swift`.
struct BlockMap<Reader> {
    /// Names one fetch.
    typealias FetchNumber = Int

    /// Blocks to be fetched together.
    struct FetchOrder {
        let number: FetchNumber

        /// In ascending order; from the server without a gap.
        let blocks: [Block]

        /// Where they come from.
        let source: Source

        /// Whether somebody waits for it, or it is read-ahead.
        let isAwaited: Bool
    }

    /// Where blocks come from.
    enum Source: Equatable {
        case server

        /// The disk cache; the number is that of its own, larger block.
        case diskCache(Int)
    }

    struct Slot {
        let block: Block

        /// Bytes from the block's beginning that readers may look at.
        var published = 0

        /// The fetch that fills it; nil when it is complete.
        var fetch: FetchNumber?

        /// When it was last read, or ordered, on the map's own clock.
        var lastUse: UInt64
    }

    struct Fetch {
        /// Indices of the blocks that it still is to deliver; cut short when a reader couldn't wait for its end.
        var blocks: Range<Int>

        /// The block that is being filled.
        var current: Int

        /// The reader for whom it was ordered.
        let owner: ObjectIdentifier?
        let source: Source
    }

    struct Waiting {
        let range: Range<Int64>
        let reader: Reader
        let consumes: Bool
    }

    /// Bytes of content: the ciphertext without the tag.
    let contentSize: Int64

    /// Whether readers see a block only when it is whole.
    ///
    /// Authenticated blocks are absorbed before they are released.
    private let releasesWholeBlocks: Bool

    var slots: [Int: Slot] = [:]
    var fetches: [FetchNumber: Fetch] = [:]
    var waiting: [Waiting] = []

    /// The disk cache's blocks of this content.
    var cachedUnits: Set<Int> = []

    /// Blocks that were read to their end, in that order, with the time of that reading; some may be gone meanwhile.
    var consumed: [(index: Int, time: UInt64)] = []

    /// The number of the next fetch.
    ///
    /// The map that replaces this one goes on from here, so that a fetch for this one is never taken for one of its
    /// own.
    var nextFetch: FetchNumber
    var clock: UInt64 = 0

    init(contentSize: Int64, releasesWholeBlocks: Bool, nextFetch: FetchNumber = 0) {
        self.contentSize = contentSize
        self.nextFetch = nextFetch
        self.releasesWholeBlocks = releasesWholeBlocks
    }

    /// Blocks in memory, those on their way included.
    var blockCount: Int { slots.count }

    /// Whether a fetch is under way and has something left to do.
    func isUnderWay(_ number: FetchNumber) -> Bool { fetches[number] != nil }

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
        return (slot.published == 0 ? [] : takeReady(), isDone)
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
            consumed = []
        }
        return (waiting.map { ($0.range, $0.reader) }, Array(fetches.keys))
    }

    private mutating func takeReady() -> [(reader: Reader, blocks: [Block])] {
        guard waiting.contains(where: { isPublished($0.range) }) else { return [] }
        var ready: [(reader: Reader, blocks: [Block])] = []
        var others: [Waiting] = []
        for entry in waiting {
            if isPublished(entry.range) {
                ready.append((entry.reader, blocks(in: entry.range, consumes: entry.consumes)))
            } else {
                others.append(entry)
            }
        }
        waiting = others
        return ready
    }

    /// The held blocks in which a range lies, marked as used.
    mutating func blocks(in range: Range<Int64>, consumes: Bool) -> [Block] {
        var blocks: [Block] = []
        for index in Self.blocks(of: range) {
            guard let slot = slots[index] else { continue }
            blocks.append(slot.block)
            noteUse(of: index, upTo: consumes ? range.upperBound : 0)
        }
        return blocks
    }

    /// Whether readers may look at all bytes of a range.
    ///
    /// CBC is decrypted in blocks of 16, so ends are rounded up.
    func isPublished(_ range: Range<Int64>) -> Bool {
        Self.blocks(of: range).allSatisfy { index in
            guard let slot = slots[index] else { return false }
            let end = min(range.upperBound - slot.block.offset, Int64(slot.block.byteCount))
            return slot.published >= min((Int(end) + 15) & ~15, slot.block.byteCount)
        }
    }

    /// The indices of the blocks in which a range lies.
    static func blocks(of range: Range<Int64>) -> Range<Int> {
        let size = Int64(Block.size)
        return Int(range.lowerBound / size)..<Int((range.upperBound + size - 1) / size)
    }
}
