/// What is let go of, and in which order.
///
/// What was read to its end goes first: the kernel keeps the plaintext, so it will hardly be asked for again. Then what
/// was used least recently. The first and the last block go last: players and `ffprobe` look there before anything
/// else. Blocks on their way, and those that somebody waits for, stay.
extension BlockMap {
    /// Blocks that were read to their end and are kept all the same: seeks that go back a little find them.
    static var keptBehind: Int { 16 }

    /// Takes note that a block is read.
    ///
    /// - Parameter end: ciphertext offset of the read's end.
    mutating func noteUse(of index: Int, upTo end: Int64) {
        guard let block = slots[index]?.block else { return }
        slots[index]?.lastUse = clock
        if end >= block.offset + Int64(block.byteCount), !isEdge(index) { consumed.append((index, clock)) }
    }

    /// Lets go of what was read to its end, but for the last few blocks.
    mutating func trim() {
        guard consumed.count > Self.keptBehind * 2 else { return }
        let awaited = awaitedBlocks
        for (index, time) in consumed.dropLast(Self.keptBehind) {
            // A block that was used again since comes later in the list, if it was read to its end again.
            guard let slot = slots[index], slot.fetch == nil, slot.lastUse == time, !awaited.contains(index) else {
                continue
            }
            slots[index] = nil
        }
        consumed.removeFirst(consumed.count - Self.keptBehind)
    }

    /// Lets go of so many blocks, or of as many as there are to let go.
    ///
    /// - Parameter needed: blocks that stay as well.
    /// - Returns: how many.
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

    /// The blocks of one of the disk cache's, when all of them are complete and it isn't there yet.
    func completeUnit(around index: Int) -> (unit: Int, blocks: [Block])? {
        let unit = index / Self.unit
        guard !cachedUnits.contains(unit) else { return nil }
        let end = min(Self.blocks(of: 0..<contentSize).upperBound, (unit + 1) * Self.unit)
        var blocks: [Block] = []
        for index in (unit * Self.unit)..<end {
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
