import Support
import Transfer
import TwilioAPI

/// Fetches a run of blocks with one request and publishes their bytes on arrival.
final class BlockFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: mutable state is accessed on the transfer thread alone.

    let transfer = TransferSlot()

    /// The requested ciphertext range.
    private let range: Range<Int64>
    private let known: KnownMedia
    private let content: MediaContent
    private let delegate: any FetchDelegate
    private let number: Int
    private let blocks: [Block]

    /// The times of the request and of the answer's first byte.
    private let start: ContinuousClock.Instant
    private var firstByte: ContinuousClock.Instant?

    /// The ciphertext offset of the next byte.
    private var position: Int64

    /// The index in `blocks` of the next byte's block.
    private var current = 0

    /// The stream that replaces the range, if the server ignores ranges.
    private var stream: StreamFetch?

    /// Whether no more bytes are wanted from the range.
    private var isOver = false
    private var failure: MediaError?

    /// Whether the range includes the first bytes of unencrypted media, and they aren't checked yet.
    private var mustCheckBeginning: Bool

    /// Whether an answer reported a size that differs from the known one; either may be wrong.
    private var hasOtherSize = false
    private var answers = AnswerCheck()

    /// Makes the fetch of an order; nil if it has no blocks.
    init?(
        _ order: BlockState.Map.FetchOrder, of content: MediaContent, _ known: KnownMedia,
        delegate: any FetchDelegate
    ) {
        guard let first = order.blocks.first, let last = order.blocks.last else { return nil }
        let prefix = content.needsPrecedingBlock && first.index > 0 ? Int64(Block.prefixSize) : 0
        range = (first.offset - prefix)..<(last.offset + Int64(last.byteCount))
        position = range.lowerBound
        self.known = known
        start = known.services.now
        self.content = content
        self.delegate = delegate
        number = order.number
        blocks = order.blocks
        mustCheckBeginning = first.offset == 0 && !content.isEncrypted
    }

    func start(priority: Priority) throws(MediaError) {
        transfer.hold(
            known.services.transfer.download(
                DownloadRequest(
                    range: .bytes(range), bodyLimit: known.largestBody, priority: priority,
                    retriesNotFound: known.mayBeTooYoung, expectedEntityTag: known.facts?.entityTag,
                    refusal: { [weak self, known] in
                        self?.answers.refusal(of: $0, for: known, isWhole: $0.status == 200)
                    }),
                from: try known.addresses(), to: self))
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        if let stream { return stream.downloadDidBegin(head, at: offset) }
        if let error = answers.envelopeError(of: known) {
            failure = error
            return false
        }
        (try? known.addresses())?.remember(served: head.address)
        if head.status == 206 {
            guard offset == position else {
                failure = known.error(.transferFailed, "was sent out of order")
                return false
            }
            if let total = head.contentRange?.total, total != known.facts?.ciphertextSize {
                hasOtherSize = true
                failure = known.error(.changed, "has a different size than before")
                return false
            }
            known.rangeDidBegin(head)
            return true
        }
        if offset == position, position > range.lowerBound {
            // The range broke off, and the server answers the retry with everything: delivered bytes are skipped.
            return true
        }
        do throws(MediaError) {
            // The stream takes over this fetch's waiting reads. If another stream is in progress, that one serves them.
            guard let stream = try delegate.fetchDidBecomeStream(transfer) else { return false }
            self.stream = stream
            return stream.downloadDidBegin(head, at: offset)
        } catch {
            failure = error
            return false
        }
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        if let stream {
            stream.downloadDidReceive(bytes)
            return
        }
        guard failure == nil else { return }
        known.services.metrics.fetched(byteCount: bytes.byteCount)
        if firstByte == nil { firstByte = known.services.now }
        var rest = bytes
        while rest.byteCount > 0, current < blocks.count, !isOver {
            let block = blocks[current]
            let local = Int(position - block.offset)
            // Bytes before the first block belong to its prefix.
            let count = min(rest.byteCount, (local < 0 ? 0 : block.byteCount) - local)
            block.write(rest.extracting(0..<count), at: local)
            rest = rest.extracting(count..<rest.byteCount)
            position += Int64(count)
            guard local >= 0 else { continue }
            let written = local + count
            if let reason = problem(withFirst: written, of: block) ?? problem(withLast: written, of: block) {
                // Bytes that were published before may be wrong too, so the media counts as changed.
                failure = known.error(.changed, "could not be fetched: \(reason)")
                transfer.cancel()
                return
            }
            // The first bytes are checked before any is published.
            guard !mustCheckBeginning else { continue }
            if written == block.byteCount {
                current += 1
                if current < blocks.count {
                    block.read((written - Block.prefixSize)..<written) {
                        blocks[current].write($0, at: -Block.prefixSize)
                    }
                }
            }
            isOver = !delegate.fetchDidWrite(number, to: block, count: written, of: content)
        }
        // The fetch was truncated: the rest isn't wanted.
        if isOver, position < range.upperBound { transfer.cancel() }
    }

    /// The reason that unencrypted media can't have these first bytes; nil if it can, or too few have arrived.
    private func problem(withFirst count: Int, of block: Block) -> String? {
        guard mustCheckBeginning else { return nil }
        let size = min(MediaAnswerCheck.signatureSize, block.byteCount)
        guard count >= size else { return nil }
        mustCheckBeginning = false
        let bytes = block.read(0..<size) { part in part.withUnsafeBytes { Array($0) } }
        return MediaAnswerCheck.refusal(ofPlaintext: bytes, kind: known.resource.kind)
    }

    /// The reason to refuse the last bytes of CBC media; nil if they equal the described ones or haven't arrived.
    ///
    /// CBC has no tag, so nothing else checks the padding that was fetched. GCM's tag is verified with the content.
    private func problem(withLast count: Int, of block: Block) -> String? {
        guard count == block.byteCount, block.offset + Int64(count) == content.contentSize, content.isEncrypted,
            content.authentication == nil, let tail = known.facts?.tail.suffix(count), !tail.isEmpty
        else { return nil }
        let bytes = block.read((count - tail.count)..<count) { part in part.withUnsafeBytes { Array($0) } }
        return bytes.elementsEqual(tail) ? nil : "it ends with other bytes than before"
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        stream?.downloadDidEnd(result)
        noteSpeed()
        var finding: MediaFinding?
        if let failure {
            finding = hasOtherSize ? .contradicted : failure.code == .changed ? .changed : nil
            delegate.fetchDidEnd(number, .failure(failure), finding)
            return
        }
        if case .failure(let error) = result {
            let hasChanged = error.code == .changed || known.stopAskingForChannels(after: error)
            finding = hasChanged ? .changed : answers.finding(after: error)
        }
        delegate.fetchDidEnd(number, result.mapError { known.mediaError($0) }, finding)
    }

    private func noteSpeed() {
        guard let firstByte else { return }
        let end = known.services.now
        known.services.metrics.fetchEnded(byteCount: position - range.lowerBound, duration: end - start)
        known.services.link.withLock {
            $0.note(
                byteCount: position - range.lowerBound, delay: (firstByte - start) / .seconds(1),
                seconds: (end - firstByte) / .seconds(1))
        }
    }
}
