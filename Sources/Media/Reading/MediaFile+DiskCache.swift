import Envelope
import Support
import TwilioAPI

/// Ciphertext that is kept on disk: looked for before the server is asked, stored when a whole unit of it has come.
///
/// A unit is what the disk cache calls a block, eight of ours. It is stored behind the 16 bytes of ciphertext before
/// it, which CBC needs to decrypt its first block.
extension MediaFile {
    /// What the disk cache knows this content by; nil when it can't be told from other content, so that it isn't
    /// cached.
    var cachedContent: CachedContent? {
        guard let facts = known.facts, let tag = facts.entityTag else { return nil }
        // Twilio may tag the forms of one recording alike.
        let form = facts.requestedChannels.map { $0 > 0 ? " channels=\($0)" : "" } ?? ""
        // Answers are compared with the envelope that is known. What came with another one is other content.
        let envelope = facts.envelopeDigest.map { " envelope=\($0)" } ?? ""
        return CachedContent(sid: sid.description, entityTag: tag + form + envelope, size: facts.ciphertextSize)
    }

    /// The units that the disk cache probably has.
    func cachedUnits() -> Set<Int> {
        guard let cache = services.diskCache, let content = cachedContent else { return [] }
        return cache.units(of: content)
    }

    /// Fetches the missing blocks of a unit from the disk cache.
    func startDiskFetch(_ order: FetchOrder, unit: Int, of content: MediaContent) {
        services.diskWorkers.run { [self] in
            guard let cache = services.diskCache, let cached = cachedContent,
                read(order, unit: unit, from: cache, as: cached)
            else {
                forgetUnit(unit, for: order.number)
                return
            }
            let byteCount = order.blocks.reduce(0) { $0 + $1.byteCount }
            services.counts.withLock { $0.diskCacheBytes += Int64(byteCount) }
            for block in order.blocks {
                guard fetchDidWrite(order.number, block: block, count: block.byteCount, content: content) else { break }
            }
            fetchDidEnd(order.number, .success(()))
        }
    }

    /// Fills the blocks of an order.
    private func read(_ order: FetchOrder, unit: Int, from cache: any BlockCache, as content: CachedContent) -> Bool {
        guard case .known(let known) = state.withLock({ $0.content }) else { return false }
        let size = Int64(Block.size)
        let count = BlockMap<PendingRead>.unit
        let first = unit * count
        let end = min(Int((known.contentSize + size - 1) / size), first + count)
        var buffers: [UnsafeMutableRawBufferPointer] = []
        // Blocks of the unit that are held already are read all the same, to nowhere: its checksum covers them.
        var unwanted: [UnsafeMutableRawBufferPointer] = []
        defer { for buffer in unwanted { buffer.deallocate() } }
        var wanted = order.blocks[...]
        for index in first..<end {
            if let block = wanted.first, block.index == index {
                wanted = wanted.dropFirst()
                buffers.append(block.unsafeBytes(withPrefix: index == first))
            } else {
                let byteCount = Int(min(size, known.contentSize - Int64(index) * size))
                let buffer = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: byteCount + (index == first ? Block.prefixSize : 0), alignment: 16)
                unwanted.append(buffer)
                buffers.append(buffer)
            }
        }
        guard cache.readUnit(unit, of: content, into: buffers) else { return false }
        // The end of each buffer is the prefix of the block behind it.
        for block in order.blocks where block.index > first {
            let previous = buffers[block.index - first - 1]
            let tail = UnsafeRawBufferPointer(rebasing: previous.suffix(Block.prefixSize))
            block.write(tail.bytes, at: -Block.prefixSize)
        }
        return true
    }

    /// The disk cache hasn't got it after all: who waits for it is served by the server.
    private func forgetUnit(_ unit: Int, for number: Int) {
        let reads = state.withLock { state -> [PendingRead] in
            state.blocks?.cachedUnits.remove(unit)
            return state.blocks?.abandon(number) ?? []
        }
        for read in reads { begin(read) }
    }

    /// Removes everything of the recording, before anything of it is stored again.
    func forgetCached() {
        guard let cache = services.diskCache else { return }
        // Not here: the disk may take its time. What is stored later comes later in the same queue.
        services.storeWorker.run { [sid] in cache.removeUnits(ofRecording: sid.description) }
    }

    /// Stores a unit of which all blocks have come.
    func store(_ blocks: [Block], asUnit unit: Int) {
        guard let content = cachedContent else { return }
        let isFirst = state.withLock { state in
            // Marked before it is there: a read that comes too early finds nothing and asks the server.
            state.blocks?.cachedUnits.insert(unit).inserted ?? false
        }
        guard isFirst else { return }
        services.store(byteCount: blocks.count * Block.size) { cache in
            cache.storeUnit(
                unit, of: content,
                from: blocks.enumerated().map { UnsafeRawBufferPointer($1.unsafeBytes(withPrefix: $0 == 0)) })
        }
    }
}
