import Transfer

/// The blocks of a file's content and their transfers: a state machine without I/O.
///
/// Valid transitions of a fetch: ordered (``take(_:_:)``) → in progress (``begin(_:with:)``) → ended (``end(_:)``).
/// Bytes of a stopped or detached fetch are ignored.
struct BlockState: CiphertextSource {
    typealias Map = BlockMap<PendingRead>

    /// The effect of bytes written by a fetch.
    struct Publication {
        /// The reads with all of their bytes.
        var ready: [(reader: PendingRead, blocks: [Block])] = []

        /// Whether the fetch has no remaining work.
        var isDone = true

        /// The unit of the disk cache that was completed.
        var unit: (unit: Int, blocks: [Block])?
    }

    /// Nil before the content is open.
    private var map: Map?
    private var transfers: [Map.FetchNumber: TransferSlot] = [:]

    /// Whether the content is open.
    var isOpen: Bool { map != nil }

    /// Opens a content with units in the disk cache.
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
        var overtaken: [Map.FetchNumber] = []
        if case .wait = taken.answer, read.priority == .reader {
            overtaken = map?.noteReader(of: demand.needed) ?? []
        }
        return SourceAnswer(
            outcome: outcome, orders: taken.start,
            overtaken: overtaken.compactMap { transfers[$0] },
            isFirst: demand.wish.step == .first, isShort: isShort)
    }

    /// Whether the transfer of a fetch belongs to the open content; a detached one doesn't.
    func isUnderWay(_ number: Map.FetchNumber) -> Bool { transfers[number] != nil }

    /// Whether blocks are on their way.
    var isUnderWay: Bool { !(map?.fetches.isEmpty ?? true) }

    /// Notes that a reader waits for everything on its way; returns the transfers to raise.
    mutating func noteReader() -> [TransferSlot] { map?.noteReaderOfAll().compactMap { transfers[$0] } ?? [] }

    mutating func detach() -> (reads: [PendingRead], transfers: [TransferSlot]) {
        defer { transfers = [:] }
        return (map?.reset() ?? [], Array(transfers.values))
    }

    /// Evicts up to `count` blocks without waiting reads.
    mutating func evict(_ count: Int) { map?.evict(count) }

    /// Notes the transfer of a fetch; returns its priority, or nil if it isn't wanted any more.
    mutating func begin(_ number: Map.FetchNumber, with transfer: TransferSlot) -> Priority? {
        guard let map, map.isUnderWay(number) else { return nil }
        transfers[number] = transfer
        return map.isAwaited(number) ? .reader : .readAhead
    }

    /// Publishes the first `count` bytes of a block; `looksForUnit` if completed cache units are wanted.
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

    /// Ends a fetch; returns the reads that waited for blocks that it didn't complete.
    mutating func end(_ number: Map.FetchNumber) -> [PendingRead] {
        transfers[number] = nil
        return map?.abandon(number) ?? []
    }

    /// Notes that a unit isn't in the disk cache, and ends its fetch; returns the reads that waited for it.
    mutating func lose(unit: Int, for number: Map.FetchNumber) -> [PendingRead] {
        map?.cachedUnits.remove(unit)
        return end(number)
    }

    /// Notes that a unit is being stored; false if that is known.
    mutating func noteStored(unit: Int) -> Bool { map?.cachedUnits.insert(unit).inserted ?? false }

    /// Ignores the disk cache from now on.
    mutating func forgetUnits() { map?.cachedUnits = [] }
}
