import Envelope
import Support
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
    ///   - content: the content that the reader has opened.
    ///   - place: where the reader is.
    func read(_ range: Range<Int64>, of content: MediaContent, at place: ReadingPlace, receiver: any ReadReceiver) {
        let range = range.clamped(to: 0..<content.plaintextSize)
        guard !range.isEmpty else {
            if let error = refusal(of: content) {
                receiver.readDidFail(error)
            } else {
                receiver.readDidFinish(UnsafeRawBufferPointer(start: nil, count: 0).bytes)
            }
            return
        }
        begin(PendingRead(range: range, content: content, place: place, purpose: .delivery(receiver)))
    }

    /// Does for a read what can be done now: serves it, or keeps it until it can be served.
    ///
    /// - Parameter granted: memory for which the read has waited.
    func begin(_ read: PendingRead, granted: [PooledMemory] = []) {
        if let error = refusal(of: read.content) {
            read.fail(error)
            return
        }
        if read.content.isHeldBack, case .delivery = read.purpose {
            hold(read)
            return
        }
        // CBC's block before a range is found in the first block's prefix.
        let needed = read.range.lowerBound..<read.content.ciphertextRange(forPlaintext: read.range).upperBound
        let share = services.memoryShare
        let wish = read.place.advance(needed, share: share, link: services.link.withLock { $0 })
        typealias Outcome = (
            answer: BlockMap<PendingRead>.Answer, start: [BlockMap<PendingRead>.FetchOrder], stop: [TransferSlot],
            isShort: Bool, attempt: Int
        )
        enum Plan {
            case refused
            case stream
            case blocks(Outcome)
        }
        let pool = services.memory
        let plan = state.withLock { state -> Plan in
            // Looked at again under the lock: what is answered comes from the content that was opened.
            guard case .known(let now) = state.content, now === read.content else { return .refused }
            guard !state.ignoresRanges, var blocks = state.blocks else { return .stream }
            state.blocks = nil  // The only reference, so that nothing is copied.
            defer { state.blocks = blocks }
            let limit = Int(share) / Block.size
            if blocks.blockCount > limit + limit / 8 { blocks.evict(blocks.blockCount - limit) }
            var granted = granted
            var isShort = false
            let outcome = blocks.read(
                needed, wish: wish, owner: read.place.identifier, consumes: read.isForDelivery, reader: read
            ) { count, purpose -> [PooledMemory]? in
                if purpose == .reader, granted.count >= count {
                    defer { granted.removeLast(count) }
                    return Array(granted.suffix(count))
                }
                let memory = pool.take(count, for: purpose)
                isShort = memory == nil
                return memory
            }
            let stopped = outcome.stop.compactMap { state.transfers.removeValue(forKey: $0) }
            let attempt = now.authentication?.attempt ?? 0
            return .blocks((outcome.answer, outcome.start, stopped, isShort, attempt))
        }
        switch plan {
        case .refused:
            read.fail(refusal(of: read.content) ?? hasChanged)
        case .stream:
            readStreamed(read)
        case .blocks(let outcome):
            for transfer in outcome.stop { transfer.cancel() }
            for order in outcome.start { start(order, for: read) }
            if wish.step == .first, read.isForDelivery { readAheadAtEnd(for: read) }
            switch outcome.answer {
            case .ready(let blocks): serve(read, from: blocks, attempt: outcome.attempt)
            case .wait: break
            case .short(let count):
                if read.isForDelivery || read.priority == .reader {
                    waitForMemory(read, slotCount: count)
                } else {
                    // Those who read have a better use for what memory there is.
                    read.fail(MediaError(.shutDown, sid, "there is no memory to read \(sid) ahead"))
                }
            }
            if outcome.isShort {
                read.place.noteShortage()
                services.reclaimMemory(services.memory.slotCount / 4, isUrgent: false)
            }
        }
    }

    /// Fetches the end of a large video file whose beginning is read first.
    ///
    /// Its index is there more often than not, so players look there next; that saves them a round trip.
    private func readAheadAtEnd(for read: PendingRead) {
        let size = read.content.plaintextSize
        guard known.resource.kind.containers == .video, read.range.lowerBound == 0, size > Self.leastSizeWithIndexAhead
        else {
            return
        }
        // From the beginning of a block, so that one request brings it.
        let block = Int64(Block.size)
        let start = (size - ReadAheadWindow.minimum + block - 1) / block * block
        begin(
            PendingRead(
                range: start..<size, content: read.content, place: ReadingPlace(),
                purpose: .arrival { _ in }, priority: .readAhead))
    }

    /// Smaller files are there soon anyway.
    private static var leastSizeWithIndexAhead: Int64 { ReadAheadWindow.maximum }

    /// Begins a read again when there is memory for it.
    private func waitForMemory(_ read: PendingRead, slotCount: Int) {
        services.memory.wait(for: min(slotCount, services.memory.slotCount)) { [self] memory in
            guard !memory.isEmpty else {
                read.fail(MediaError(.shutDown, sid, "reading \(sid) was left off"))
                return
            }
            begin(read, granted: memory)
        }
        services.reclaimMemory(slotCount, isUrgent: true)
    }

    /// Why a content isn't read any more; nil when it is.
    private func refusal(of content: MediaContent) -> MediaError? {
        if content.authentication?.integrity == .failed {
            return MediaError(.authenticationFailed, sid, "\(sid) has failed its authentication")
        }
        guard case .known(let known) = state.withLock({ $0.content }), known === content else {
            return hasChanged
        }
        return nil
    }

    /// The error of a reader who has opened what isn't there any more.
    private var hasChanged: MediaError {
        MediaError(.changed, sid, "\(sid) has changed since it was opened: open it again")
    }

    /// Lets go of all ciphertext in memory, fails whoever waits for some, and ends what is under way.
    func letGo(failing error: MediaError) {
        let (reads, transfers) = state.withLock { Self.detachReads(&$0) }
        for transfer in transfers { transfer.cancel() }
        for read in reads { read.fail(error) }
    }

    /// Lets go of all ciphertext in memory.
    ///
    /// - Returns: the reads that waited, and the transfers to cancel.
    static func detachReads(_ state: inout State) -> ([PendingRead], [TransferSlot]) {
        let stream = state.stream.detach()
        let reads = (state.blocks?.reset().readers.map(\.reader) ?? []) + stream.reads + state.gate.takeHeld()
        let transfers = Array(state.transfers.values) + stream.transfers
        state.transfers = [:]
        return (reads, transfers)
    }

    /// Lets go of blocks that nobody waits for.
    ///
    /// - Returns: how many.
    @discardableResult
    func evict(_ slotCount: Int) -> Int {
        state.withLock { $0.blocks?.evict(slotCount) ?? 0 }
    }

    /// Shows blocks to the authentication, decrypts them and delivers the bytes.
    ///
    /// Blocks are hashed here and not when they come, by the thread that decrypts them: they are in the processor's
    /// caches once, and as many threads hash as read. What nobody reads needn't be hashed.
    ///
    /// - Parameter attempt: the one at authenticating the content for which the blocks were fetched; learnt under the
    ///   lock under which they were found.
    func serve(_ read: PendingRead, from blocks: [Block], attempt: ContentAuthentication.Attempt) {
        defer { memoryMayBeFree() }
        do throws(EnvelopeError) {
            guard try authenticate(blocks, of: read.content, attempt: attempt) else {
                // Of an attempt at verifying, another one has begun.
                if read.isForDelivery { begin(read) }
                return
            }
        } catch {
            authenticationDidFail(read.content, attempt: attempt, error, in: read)
            return
        }
        guard case .delivery(let receiver) = read.purpose else {
            if case .arrival(let completion) = read.purpose { completion(.success(())) }
            return
        }
        guard noteRelease(of: read.content, attempt: attempt) else {
            // Meanwhile other bytes have turned out to be forged, or the media to be another.
            begin(read)
            return
        }
        do throws(EnvelopeError) {
            try services.scratch.withBuffer { (buffer) throws(EnvelopeError) in
                let plaintext = UnsafeMutableRawBufferPointer(rebasing: buffer[..<read.range.count])
                try read.content.decrypt(read.range, from: blocks, into: plaintext)
                receiver.readDidFinish(UnsafeRawBufferPointer(plaintext).bytes)
            }
        } catch {
            receiver.readDidFail(MediaError(error, sid))
        }
    }

    /// Takes note that bytes of a content are released, unless it has been given up since they were authenticated.
    ///
    /// Both under the lock under which it is given up: whoever does that knows whether something had been released.
    func noteRelease(of content: MediaContent, attempt: ContentAuthentication.Attempt) -> Bool {
        state.withLock { state in
            guard case .known(let now) = state.content, now === content,
                content.authentication.map({ $0.attempt == attempt && $0.integrity != .failed }) ?? true
            else { return false }
            state.gate.noteRelease()
            return true
        }
    }

    /// Shows blocks to the content's authentication, where there is one.
    ///
    /// - Returns: whether they may be released; if not, they have to be fetched anew.
    private func authenticate(
        _ blocks: [Block], of content: MediaContent, attempt: ContentAuthentication.Attempt
    ) throws(EnvelopeError) -> Bool {
        guard let authentication = content.authentication else { return true }
        for block in blocks where !block.isAuthenticated {
            let verdict = try block.read(0..<block.byteCount) { (bytes) throws(EnvelopeError) in
                try authentication.absorb(bytes, at: block.offset, attempt: attempt)
            }
            if verdict == .outdated { return false }
            block.noteAuthentication()
            if verdict == .verified { contentWasVerified(content) }
        }
        return true
    }

    /// Blocks have become such that they can be let go: of use when somebody waits for memory.
    func memoryMayBeFree() {
        guard services.memory.hasWaiters else { return }
        services.reclaimMemory(MemoryPool.leastSlotCount, isUrgent: true)
    }
}
