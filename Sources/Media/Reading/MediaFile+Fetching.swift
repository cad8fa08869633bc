import Envelope
import Support
import Transfer
import TwilioAPI

/// Fetching blocks: from the disk cache or from the server; what the fetches tell.
extension MediaFile {
    typealias FetchOrder = BlockMap<PendingRead>.FetchOrder

    /// Starts what a read has ordered.
    func start(_ order: FetchOrder, for read: PendingRead) {
        switch order.source {
        case .server:
            startTransfer(order, of: read.content, priority: order.isAwaited ? read.priority : .readAhead)
        case .diskCache(let unit):
            startDiskFetch(order, unit: unit, of: read.content)
        }
    }

    private func startTransfer(_ order: FetchOrder, of content: MediaContent, priority: Priority) {
        let slot = TransferSlot()
        guard let fetch = BlockFetch(file: self, content: content, order: order, transfer: slot) else { return }
        let isWanted = state.withLock { state in
            guard state.blocks?.isUnderWay(order.number) == true else { return false }
            state.transfers[order.number] = slot
            return true
        }
        guard isWanted else { return }
        do throws(MediaError) {
            slot.hold(
                services.transfer.download(
                    DownloadRequest(
                        range: .bytes(fetch.range), priority: priority, retriesNotFound: known.mayBeTooYoung,
                        expectedEntityTag: known.facts?.entityTag, refusal: { [weak fetch] in fetch?.refusal(of: $0) }),
                    from: try known.addresses(), to: fetch))
        } catch {
            fetchDidEnd(order.number, .failure(error))
        }
    }

    // MARK: What fetches tell

    /// A fetch has delivered all that was left for it, although more is on its way: it was cut short.
    func endFetch(_ number: Int) {
        state.withLock { $0.transfers.removeValue(forKey: number) }?.cancel()
    }

    /// A fetch has written bytes to a block.
    ///
    /// - Parameter count: bytes of the block that are written, from its beginning.
    /// - Returns: whether the fetch is to go on.
    func fetchDidWrite(_ number: Int, block: Block, count: Int, content: MediaContent) -> Bool {
        let isComplete = count == block.byteCount
        typealias Published = (ready: [(reader: PendingRead, blocks: [Block])], isDone: Bool)
        typealias Outcome = (published: Published, unit: (unit: Int, blocks: [Block])?, attempt: Int)
        let (published, unit, attempt) = state.withLock { state -> Outcome in
            let attempt = content.authentication?.attempt ?? 0
            guard let published = state.blocks?.publish(number, block: block, count: count) else {
                return (([], true), nil, attempt)
            }
            guard isComplete else { return (published, nil, attempt) }
            let unit = services.diskCache == nil ? nil : state.blocks?.completeUnit(around: block.index)
            state.blocks?.trim()
            return (published, unit, attempt)
        }
        for (read, blocks) in published.ready {
            services.workers.run { [self] in serve(read, from: blocks, attempt: attempt) }
        }
        if let unit { store(unit.blocks, asUnit: unit.unit) }
        if isComplete { memoryMayBeFree() }
        return !published.isDone
    }

    /// A fetch has ended.
    func fetchDidEnd(_ number: Int, _ result: Result<Void, MediaError>) {
        let failed = state.withLock { state in
            state.transfers[number] = nil
            return state.blocks?.abandon(number) ?? []
        }
        if case .failure(let failure) = result, failure.code != .shutDown { known.forgetAddresses() }
        guard !failed.isEmpty else { return }
        let error: MediaError
        switch result {
        case .success:
            error = MediaError(.transferFailed, sid, "the media server sent less of \(sid) than was asked for")
        case .failure(let failure): error = failure
        }
        for read in failed { read.fail(error) }
    }
}
