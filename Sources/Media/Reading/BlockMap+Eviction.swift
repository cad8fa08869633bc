/// Eviction of blocks.
///
/// Blocks read to their end go first: the kernel caches the plaintext, so they will hardly be read again. Next are the
/// least recently used ones. The first and the last block go last, since players and `ffprobe` read them first. Blocks
/// being fetched or with waiting reads stay.
extension BlockMap {
    /// Blocks kept after they were read to their end, for short seeks backwards.
    static var keptBehind: Int { 16 }

    /// Notes a read of a block; `end` is the ciphertext offset of the read's end.
    mutating func noteUse(of index: Int, upTo end: Int64) {
        guard let block = slots[index]?.block else { return }
        slots[index]?.lastUse = clock
        if end >= block.offset + Int64(block.byteCount), !isEdge(index) { consumed.append((index, clock)) }
    }

    /// Evicts blocks that were read to their end, except the last few.
    mutating func trim() {
        guard consumed.count > Self.keptBehind * 2 else { return }
        let awaited = awaitedBlocks
        for (index, time) in consumed.dropLast(Self.keptBehind) {
            // A block that was used again since stays.
            guard let slot = slots[index], slot.fetch == nil, slot.lastUse == time, !awaited.contains(index) else {
                continue
            }
            slots[index] = nil
        }
        consumed.removeFirst(consumed.count - Self.keptBehind)
    }

    /// Evicts up to `count` blocks; returns how many.
    @discardableResult
    mutating func evict(_ count: Int, sparing needed: Range<Int> = 0..<0) -> Int {
        guard count > 0 else { return 0 }
        let awaited = awaitedBlocks.union(needed)
        let readTimes = Dictionary(consumed.map { ($0.index, $0.time) }, uniquingKeysWith: { max($0, $1) })
        func rank(_ slot: Slot) -> (Int, UInt64) {
            let index = slot.block.index
            return (isEdge(index) ? 2 : readTimes[index] == slot.lastUse ? 0 : 1, slot.lastUse)
        }
        let candidates = slots.values.filter { $0.fetch == nil && !awaited.contains($0.block.index) }
            .sorted { rank($0) < rank($1) }
        for slot in candidates.prefix(count) { slots[slot.block.index] = nil }
        return min(count, candidates.count)
    }

    /// The blocks of a cache unit, if all of them are complete and it isn't stored.
    func completeUnit(around index: Int) -> (unit: Int, blocks: [Block])? {
        let unit = index / Self.unit
        guard !cachedUnits.contains(unit) else { return nil }
        var blocks: [Block] = []
        for index in Self.blocks(ofUnit: unit, contentSize: contentSize) {
            guard let slot = slots[index], slot.fetch == nil else { return nil }
            blocks.append(slot.block)
        }
        return (unit, blocks)
    }

    private var awaitedBlocks: Set<Int> { Set(waiting.flatMap { Array(Self.blocks(of: $0.range)) }) }
    private func isEdge(_ index: Int) -> Bool {
        index == 0 || index == Self.blocks(of: 0..<contentSize).upperBound - 1
    }
}
