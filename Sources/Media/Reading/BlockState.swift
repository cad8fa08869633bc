/// The blocks of a file's content, and the transfers that bring them: a state machine without I/O.
///
/// Valid transitions of a fetch: ordered (``take(_:_:)``) → under way (``begin(_:with:)``) → ended (``end(_:)``). A
/// fetch that is stopped or detached is forgotten: bytes that it brings later count for nothing.
struct BlockState: CiphertextSource {
    typealias Map = BlockMap<PendingRead>

    /// The effect of bytes that a fetch has written.
    struct Publication {
        /// The reads whose bytes are there.
        var ready: [(reader: PendingRead, blocks: [Block])] = []

        /// Whether the fetch has nothing left to do.
        var isDone = true

        /// The unit of the disk cache that is complete now.
        var unit: (unit: Int, blocks: [Block])?
    }

    /// Nil before the content is known.
    private var map: Map?
    private var transfers: [Map.FetchNumber: TransferSlot] = [:]

    /// Whether there is content to fetch blocks of.
    var isOpen: Bool { map != nil }

    /// A content was opened, of which the disk cache has some units.
    mutating func open(_ content: MediaContent, cachedUnits: Set<Int>) {
        map = Map(
            contentSize: content.contentSize, releasesWholeBlocks: content.authentication != nil,
            nextFetch: map?.nextFetch ?? 0)
        map?.cachedUnits = cachedUnits
    }

    mutating func take(_ read: PendingRead, _ demand: ReadDemand) -> SourceAnswer {
        let limit = Int(demand.share) / Block.size
        if let count = map?.blockCount, count > limit + limit / 8 { map?.evict(count - limit) }
        var granted = demand.granted
        var isShort = false
        let taken = map?.read(
            demand.needed, wish: demand.wish, owner: read.place.identifier, consumes: read.isForDelivery, reader: read
        ) { count, purpose -> [PooledMemory]? in
            if purpose == .reader, granted.count >= count {
                defer { granted.removeLast(count) }
                return Array(granted.suffix(count))
            }
            let memory = demand.memory.take(count, for: purpose)
            isShort = memory == nil
            return memory
        }
        guard let taken else { return SourceAnswer(outcome: .noStream) }
        let outcome: SourceAnswer.Outcome =
            switch taken.answer {
            case .ready(let blocks): .ready(BlockRun(blocks: blocks))
            case .wait: .waits
            case .short(let count): .short(count)
            }
        return SourceAnswer(
            outcome: outcome, orders: taken.start, stop: taken.stop.compactMap { transfers.removeValue(forKey: $0) },
            isFirst: demand.wish.step == .first, isShort: isShort)
    }

    mutating func detach() -> (reads: [PendingRead], transfers: [TransferSlot]) {
        defer { transfers = [:] }
        return (map?.reset().readers.map(\.reader) ?? [], Array(transfers.values))
    }

    /// Lets go of blocks that nobody waits for.
    ///
    /// - Returns: how many.
    mutating func evict(_ count: Int) -> Int { map?.evict(count) ?? 0 }

    // MARK: Fetches

    /// A transfer is about to begin for a fetch.
    ///
    /// - Returns: whether it is wanted any more.
    mutating func begin(_ number: Map.FetchNumber, with transfer: TransferSlot) -> Bool {
        guard map?.isUnderWay(number) == true else { return false }
        transfers[number] = transfer
        return true
    }

    /// A fetch has written bytes to a block.
    ///
    /// - Parameters:
    ///   - count: bytes of the block that are written, from its beginning.
    ///   - looksForUnit: whether a unit of the disk cache that this completes is wanted.
    mutating func publish(
        _ number: Map.FetchNumber, to block: Block, count: Int, looksForUnit: Bool
    ) -> Publication {
        guard let published = map?.publish(number, block: block, count: count) else { return Publication() }
        var publication = Publication(ready: published.ready, isDone: published.isDone)
        guard count == block.byteCount else { return publication }
        if looksForUnit { publication.unit = map?.completeUnit(around: block.index) }
        map?.trim()
        return publication
    }

    /// A fetch has ended.
    ///
    /// - Returns: the reads that waited for what it hasn't brought.
    mutating func end(_ number: Map.FetchNumber) -> [PendingRead] {
        transfers[number] = nil
        return map?.abandon(number) ?? []
    }

    // MARK: The disk cache

    /// The disk cache hasn't got a unit after all.
    ///
    /// - Parameter number: the fetch that looked for it.
    /// - Returns: the reads that waited for it.
    mutating func lose(unit: Int, for number: Map.FetchNumber) -> [PendingRead] {
        map?.cachedUnits.remove(unit)
        return end(number)
    }

    /// A unit is about to be stored.
    ///
    /// - Returns: whether it is the first time.
    mutating func noteStored(unit: Int) -> Bool {
        map?.cachedUnits.insert(unit).inserted ?? false
    }

    /// Nothing is taken from the disk cache any more.
    mutating func forgetUnits() {
        map?.cachedUnits = []
    }
}
