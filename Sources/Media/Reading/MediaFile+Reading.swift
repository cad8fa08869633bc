import Envelope
import Logging
import Threading
import Transfer
import TwilioAPI

/// Reading in ranges: from blocks at hand, or by fetching them.
extension MediaFile {
    /// Reads plaintext.
    ///
    /// The file has been opened.
    ///
    /// - Parameters:
    ///   - range: plaintext offsets; what lies beyond the end is left out.
    ///   - opened: the content that the reader has opened.
    ///   - readAhead: given the range and the bytes that the file may keep in memory, tells what should be on its way.
    func read(
        _ range: Range<Int64>, of opened: MediaContent, receiver: any ReadReceiver,
        readAhead: (_ range: Range<Int64>, _ limit: Int64) -> Range<Int64>
    ) {
        guard case .known(let content) = state.withLock({ $0.content }), content.isSame(as: opened) else {
            receiver.readDidFail(hasChanged)
            return
        }
        if let failed = failure(of: content) {
            receiver.readDidFail(failed)
            return
        }
        let range = range.clamped(to: 0..<content.plaintextSize)
        guard !range.isEmpty else {
            receiver.readDidFinish(UnsafeRawBufferPointer(start: nil, count: 0).bytes)
            return
        }
        let read = PendingRead(range: range, receiver: receiver)
        // CBC's block before a range is found in the first block's prefix.
        let needed = range.lowerBound..<content.ciphertextRange(forPlaintext: range).upperBound
        let memoryShare = services.memoryShare
        let wanted = readAhead(needed, Int64(memoryShare))
        typealias Blocks = (answer: BlockMap<PendingRead>.Answer, start: [BlockMap<PendingRead>.FetchOrder])
        enum Plan {
            case changed
            case stream
            case blocks(Blocks)
        }
        let plan = state.withLock { state -> Plan in
            // Looked at again under the lock: what is answered comes from the content that was opened.
            guard case .known(let now) = state.content, now.isSame(as: opened) else { return .changed }
            let plan =
                state.ignoresRanges
                ? nil
                : state.blocks?.read(
                    needed,
                    wanted: min(wanted.lowerBound, needed.lowerBound)..<max(wanted.upperBound, needed.upperBound),
                    reader: read)
            return plan.map { .blocks($0) } ?? .stream
        }
        switch plan {
        case .changed:
            receiver.readDidFail(hasChanged)
        case .stream:
            readSpooled(read)
        case .blocks(let plan):
            for order in plan.start { start(order, content: content) }
            if case .ready(let blocks) = plan.answer { serve(read, content: content, from: blocks) }
        }
    }

    /// The entity tag of what was described: another one means other content.
    var entityTag: String? {
        guard case .known(let facts) = state.withLock({ $0.facts }) else { return nil }
        return facts.entityTag
    }

    private var hasChanged: MediaError {
        MediaError(.changed, sid, "\(sid) has changed since it was opened: open it again")
    }

    private func start(_ order: BlockMap<PendingRead>.FetchOrder, content: MediaContent) {
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
                        range: .bytes(fetch.range), priority: order.isAwaited ? .reader : .readAhead,
                        retriesNotFound: mayBeTooYoung, expectedEntityTag: entityTag),
                    from: try addresses(), to: fetch))
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
        if count == block.byteCount, let authentication = content.authentication {
            do throws(EnvelopeError) {
                try block.read(0..<count) { (bytes) throws(EnvelopeError) in
                    try authentication.absorb(bytes, at: block.offset)
                }
            } catch {
                authenticationDidFail(error)
                return false
            }
        }
        let limit = services.memoryShare / Block.size
        let published = state.withLock { state -> (ready: [(reader: PendingRead, blocks: [Block])], isDone: Bool) in
            let published = state.blocks?.publish(number, block: block, count: count)
            state.blocks?.evict(beyond: limit)
            return published ?? ([], true)
        }
        for (read, blocks) in published.ready {
            services.workers.run { [self] in serve(read, content: content, from: blocks) }
        }
        return !published.isDone
    }

    /// A fetch has ended.
    func fetchDidEnd(_ number: Int, _ result: Result<Void, MediaError>) {
        let failed = state.withLock { state in
            state.transfers[number] = nil
            return state.blocks?.abandon(number) ?? []
        }
        guard !failed.isEmpty else { return }
        let error: MediaError
        switch result {
        case .success:
            error = MediaError(.transferFailed, sid, "the media server sent less of \(sid) than was asked for")
        case .failure(let failure): error = failure
        }
        for read in failed { read.receiver.readDidFail(error) }
    }

    // MARK: Failing

    /// The content is not what was sealed: nothing of it is released any more.
    func authenticationDidFail(_ error: EnvelopeError) {
        services.logger.critical(
            "\(sid) is not what was recorded: \(error.message) Reading it fails from now on.")
        letGo(failing: services.mediaError(error, sid: sid))
        services.observer.mediaFailedAuthentication(sid)
    }

    /// Lets go of all ciphertext, fails whoever waits for some, and ends what is under way.
    func letGo(failing error: MediaError) {
        let (reads, transfers) = state.withLock { state -> ([PendingRead], [TransferSlot]) in
            let reads = (state.blocks?.reset().readers.map(\.reader) ?? []) + (state.spool?.waiting ?? [])
            let transfers = Array(state.transfers.values) + (state.spool.map { [$0.transfer] } ?? [])
            state.transfers = [:]
            state.spool = nil
            return (reads, transfers)
        }
        for transfer in transfers { transfer.cancel() }
        for read in reads { read.receiver.readDidFail(error) }
    }

    private func failure(of content: MediaContent) -> MediaError? {
        guard content.authentication?.integrity == .failed else { return nil }
        return MediaError(.authenticationFailed, sid, "\(sid) has failed its authentication")
    }

    /// Decrypts and delivers.
    private func serve(_ read: PendingRead, content: MediaContent, from blocks: [Block]) {
        // Between the release of these bytes and now, other bytes may have turned out to be forged.
        if let failed = failure(of: content) {
            read.receiver.readDidFail(failed)
            return
        }
        do throws(EnvelopeError) {
            try services.scratch.withBuffer(count: read.range.count) { (plaintext) throws(EnvelopeError) in
                try content.decrypt(read.range, from: blocks, into: plaintext)
                read.receiver.readDidFinish(UnsafeRawBufferPointer(plaintext).bytes)
            }
        } catch {
            read.receiver.readDidFail(services.mediaError(error, sid: sid))
        }
    }
}
