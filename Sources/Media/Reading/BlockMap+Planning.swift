/// The planning of fetches.
extension BlockMap {
    /// The result of a read.
    enum Answer {
        case ready([Block])

        /// The read was kept.
        case wait

        /// There is no memory for this many blocks; the read wasn't kept.
        case short(Int)
    }

    /// Supplies memory for a number of blocks, or nil.
    typealias Supply = (_ count: Int, _ purpose: MemoryPool.Purpose) -> [PooledMemory]?

    /// The most blocks that a fetch may deliver before those of a reader; with more, the reader gets another fetch.
    private static var patience: Int { 8 }

    /// Plans a read.
    ///
    /// - Parameters:
    ///   - range: within the content and not empty.
    ///   - wish: the bytes that should be in memory or on their way.
    ///   - consumes: whether the bytes will hardly be read again.
    ///   - reader: kept until the bytes are published.
    ///   - supply: supplies memory; read-ahead without memory is left for later.
    /// - Returns: the result, and the fetches to start.
    mutating func read(
        _ range: Range<Int64>, wish: ReadAheadWindow.Wish, owner: ObjectIdentifier?, consumes: Bool = true,
        reader: @autoclosure () -> Reader, supply: Supply
    ) -> (answer: Answer, start: [FetchOrder]) {
        clock += 1
        let needed = Self.blocks(of: range)
        let wanted = Self.blocks(of: wish.range.clamped(to: 0..<contentSize))
        let awaited = waiting.map { Self.blocks(of: $0.range) }
        if wish.step == .seek, let owner { leaveOffReadAhead(of: owner, sparing: awaited + [needed, wanted]) }
        // A sequential reader ordered these blocks before; another fetch wouldn't bring them sooner.
        if wish.step != .onward { cutFetches(before: needed, awaited: awaited) }

        let missing = missingBlocks(needed)
        var memory: [PooledMemory] = []
        if !missing.isEmpty {
            guard let supplied = obtain(missing.count, for: .reader, sparing: needed, from: supply) else {
                return (.short(missing.count), [])
            }
            memory = supplied
        }
        let pieceBlocks = max(1, Int(wish.pieceSize) / Block.size)
        var orders: [FetchOrder] = []
        var isExhausted = false
        // Until a reader is sequential, one request has to be enough.
        let takesRemainders = wish.step == .onward
        for piece in pieces(needed: needed, wanted: wanted, pieceBlocks: pieceBlocks, takesRemainders: takesRemainders)
        {
            let required = piece.blocks.count(where: { needed.contains($0) || missing.contains($0) })
            var blocks = piece.blocks
            if required < blocks.count {
                let count = blocks.count - required
                if !isExhausted, let supplied = obtain(count, for: .readAhead, sparing: needed, from: supply) {
                    memory += supplied
                } else {
                    isExhausted = true
                    blocks = blocks.filter { missing.contains($0) }
                }
            }
            guard !blocks.isEmpty, memory.count >= blocks.count else { continue }
            orders.append(
                begin(blocks, memory: memory.suffix(blocks.count), source: piece.source, owner: owner))
            memory.removeLast(blocks.count)
        }
        if isPublished(range) { return (.ready(blocks(in: range, consumes: consumes)), orders) }
        waiting.append(Waiting(range: range, reader: reader(), consumes: consumes))
        return (.wait, orders)
    }

    /// Takes memory, after evicting blocks of this map if necessary.
    private mutating func obtain(
        _ count: Int, for purpose: MemoryPool.Purpose, sparing needed: Range<Int>, from supply: Supply
    ) -> [PooledMemory]? {
        if let memory = supply(count, purpose) { return memory }
        guard evict(count, sparing: needed) > 0 else { return nil }
        return supply(count, purpose)
    }

    /// The blocks to fetch for a range.
    ///
    /// From the disk cache, a whole unit is fetched, since the checksum covers all of it.
    private func missingBlocks(_ needed: Range<Int>) -> Set<Int> {
        var missing: Set<Int> = []
        for index in needed where slots[index] == nil {
            let unit = index / Self.unit
            if cachedUnits.contains(unit) {
                missing.formUnion(missingBlocks(ofUnit: unit))
            } else {
                missing.insert(index)
            }
        }
        return missing
    }

    private func missingBlocks(ofUnit unit: Int) -> [Int] {
        Self.blocks(ofUnit: unit, contentSize: contentSize).filter { slots[$0] == nil }
    }

    /// Divides the blocks that aren't in memory or on their way into pieces, the needed ones first.
    ///
    /// A piece of read-ahead waits until it is full or, with `takesRemainders`, can't grow. Otherwise a reader that
    /// advances by one block would send a request for each.
    private func pieces(
        needed: Range<Int>, wanted: Range<Int>, pieceBlocks: Int, takesRemainders: Bool
    ) -> [(blocks: [Int], source: Source)] {
        var awaited: [(blocks: [Int], source: Source)] = []
        var ahead: [(blocks: [Int], source: Source)] = []
        let end = Self.blocks(of: 0..<contentSize).upperBound
        let limit = max(needed.upperBound, wanted.upperBound)
        var index = min(needed.lowerBound, wanted.lowerBound)
        var seen = index
        while index < limit {
            guard slots[index] == nil else {
                index += 1
                continue
            }
            let unit = index / Self.unit
            if cachedUnits.contains(unit) {
                let blocks = missingBlocks(ofUnit: unit)
                if blocks.contains(where: needed.contains) {
                    awaited.append((blocks, .diskCache(unit)))
                } else {
                    ahead.append((blocks, .diskCache(unit)))
                }
                index = min(end, (unit + 1) * Self.unit)
                seen = index
                continue
            }
            let start = max(index, seen)
            index = start
            while index < limit, index - start < pieceBlocks, slots[index] == nil,
                !cachedUnits.contains(index / Self.unit)
            {
                index += 1
            }
            let run = start..<index
            if run.overlaps(needed) {
                awaited.append((Array(run), .server))
            } else if run.count == pieceBlocks || takesRemainders && (index == end || index < limit) {
                ahead.append((Array(run), .server))
            }
        }
        return awaited + ahead
    }

    private mutating func begin(
        _ indices: [Int], memory: ArraySlice<PooledMemory>, source: Source, owner: ObjectIdentifier?
    ) -> FetchOrder {
        let number = nextFetch
        nextFetch += 1
        let blocks = zip(indices, memory).map { index, memory in
            Block(
                index: index, byteCount: Int(min(Int64(Block.size), contentSize - Int64(index) * Int64(Block.size))),
                memory: memory)
        }
        for block in blocks { slots[block.index] = Slot(block: block, fetch: number, lastUse: clock) }
        let first = indices.first ?? 0
        fetches[number] = Fetch(
            blocks: first..<((indices.last ?? first) + 1), current: first, owner: owner, source: source)
        return FetchOrder(number: number, blocks: blocks, source: source)
    }

    // MARK: Truncating fetches

    /// Takes needed blocks away from fetches that have more than ``patience`` blocks to deliver before them.
    ///
    /// A fetch with other waiting readers for the lost blocks keeps them.
    private mutating func cutFetches(before needed: Range<Int>, awaited: [Range<Int>]) {
        for (number, fetch) in fetches where fetch.source == .server {
            let wanted = fetch.blocks.clamped(to: needed)
            guard !wanted.isEmpty, wanted.lowerBound - fetch.current > Self.patience else { continue }
            let lost = wanted.lowerBound..<fetch.blocks.upperBound
            guard !awaited.contains(where: { $0.overlaps(lost) }) else { continue }
            cut(number, at: lost.lowerBound)
        }
    }

    /// Truncates a reader's read-ahead after a seek, unless it is nearly complete.
    private mutating func leaveOffReadAhead(of owner: ObjectIdentifier, sparing spared: [Range<Int>]) {
        for (number, fetch) in fetches where fetch.owner == owner && fetch.source == .server {
            guard fetch.blocks.upperBound - fetch.current > Self.patience else { continue }
            // The block in progress is completed, so that its bytes aren't lost.
            let keep = spared.filter { $0.overlaps(fetch.blocks) }.map(\.upperBound).max() ?? 0
            let end = max(fetch.current + 1, min(keep, fetch.blocks.upperBound))
            if end < fetch.blocks.upperBound { cut(number, at: end) }
        }
    }

    private mutating func cut(_ number: FetchNumber, at end: Int) {
        guard let fetch = fetches[number] else { return }
        for index in end..<fetch.blocks.upperBound where slots[index]?.fetch == number { slots[index] = nil }
        fetches[number]?.blocks = fetch.blocks.lowerBound..<end
    }
}
