import Support
import Transfer
import TwilioAPI

/// Fetches blocks from the disk cache or the server.
struct BlockSource: FetchDelegate {
    typealias FetchOrder = BlockState.Map.FetchOrder

    let file: FileContent
    let reads: any ReadRunner

    private var services: MediaServices { file.services }

    /// Starts a fetch ordered by a read.
    func start(_ order: FetchOrder, for read: PendingRead) {
        switch order.source {
        case .server:
            fetch(order, of: read.content)
        case .diskCache(let unit):
            let cache = file.cache(of: read.content)
            services.disk.run {
                cache.fill(order.blocks, ofUnit: unit)
            } completion: { isFilled in
                fetch(order, of: read.content, fromUnit: unit, isFilled: isFilled ?? false)
            }
        }
    }

    private func fetch(_ order: FetchOrder, of content: MediaContent) {
        guard let fetch = BlockFetch(order, of: content, file.known, delegate: self),
            let priority = file.state.withLock({ $0.blocks.begin(order.number, with: fetch.transfer) })
        else { return }
        do throws(MediaError) {
            try fetch.start(priority: priority)
        } catch {
            fetchDidEnd(order.number, .failure(error), nil)
        }
    }

    private func fetch(_ order: FetchOrder, of content: MediaContent, fromUnit unit: Int, isFilled: Bool) {
        guard isFilled else {
            // The waiting reads run again, and fetch from the server.
            let waiting = file.state.withLock { $0.blocks.lose(unit: unit, for: order.number) }
            for read in waiting { reads.run(read) }
            return
        }
        services.metrics.readFromDiskCache(byteCount: order.blocks.reduce(0) { $0 + $1.byteCount })
        for block in order.blocks {
            guard fetchDidWrite(order.number, to: block, count: block.byteCount, of: content) else { break }
        }
        fetchDidEnd(order.number, .success(()), nil)
    }

    func fetchDidWrite(_ number: Int, to block: Block, count: Int, of content: MediaContent) -> Bool {
        let looksForUnit = services.diskCache != nil
        let (publication, attempt) = file.state.withLock { state in
            let publication = state.blocks.publish(number, to: block, count: count, looksForUnit: looksForUnit)
            return (publication, content.authentication?.attempt ?? 0)
        }
        for (read, blocks) in publication.ready {
            services.workers.run { reads.serve(read, from: BlockRun(blocks: blocks), attempt: attempt) }
        }
        if let (unit, blocks) = publication.unit {
            // The unit is noted before it is stored: a read in between misses, and fetches from the server.
            file.cache(of: content).store(blocks, asUnit: unit) {
                file.state.withLock { $0.blocks.noteStored(unit: unit) }
            }
        }
        if count == block.byteCount { services.memoryMayBeFree() }
        return !publication.isDone
    }

    func fetchDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch? {
        try StreamSource(file: file, reads: reads).keep(from: transfer)
    }

    func fetchDidEnd(_ number: Int, _ result: Result<Void, MediaError>, _ finding: MediaFinding?) {
        let error: MediaError
        switch result {
        case .success:
            let sid = file.known.sid
            error = MediaError(.transferFailed, sid, "the media server sent less of \(sid) than was requested")
        case .failure(let failure):
            error = failure
            file.take(finding, failing: failure) { $0.blocks.isUnderWay(number) }
            if failure.code != .shutDown { file.known.forgetAddresses() }
        }
        let failed = file.state.withLock { $0.blocks.end(number) }
        for read in failed { read.fail(error) }
        // Blocks for which they waited can be evicted.
        if !failed.isEmpty { services.memoryMayBeFree() }
    }
}
