import Support
import Transfer
import TwilioAPI

/// Fetches a run of blocks with one request and publishes their bytes as they come.
final class BlockFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: what changes is touched on the transfer thread alone.

    /// What is asked for: ciphertext offsets.
    let range: Range<Int64>

    private let file: MediaFile
    private let content: MediaContent
    private let number: Int
    private let transfer: TransferSlot
    private let blocks: [Block]

    /// When it was ordered, and when its first byte came.
    private let start = ContinuousClock.now
    private var firstByte: ContinuousClock.Instant?

    /// Ciphertext offset of the next byte that comes.
    private var position: Int64

    /// Index in `blocks` of the block to which it belongs.
    private var current = 0

    /// The stream that comes in place of the range, from a server that ignores ranges.
    private var spool: StreamFetch?

    /// Whether nothing more is wanted.
    private var isOver = false
    private var failure: MediaError?

    /// Whether the media's first bytes are among these, and haven't been looked at.
    private var mustCheckBeginning: Bool

    /// Whether an answer was refused because it contradicts what is known of the media.
    private var isContradicted = false

    /// Whether an answer told another size than is known: one of them is wrong.
    private var hasOtherSize = false
    private var envelope = EnvelopeCheck()

    /// Nil for an order without blocks.
    init?(
        file: MediaFile, content: MediaContent, order: MediaFile.FetchOrder, transfer: TransferSlot
    ) {
        guard let first = order.blocks.first, let last = order.blocks.last else { return nil }
        let prefix = content.needsPrecedingBlock && first.index > 0 ? Int64(Block.prefixSize) : 0
        range = (first.offset - prefix)..<(last.offset + Int64(last.byteCount))
        position = range.lowerBound
        self.file = file
        self.content = content
        self.transfer = transfer
        number = order.number
        blocks = order.blocks
        mustCheckBeginning = first.offset == 0 && !content.isEncrypted
    }

    /// Why an answer can't be a part of the media, or all of it; see ``MediaAnswerCheck``.
    func refusal(of head: ResponseHead) -> String? {
        if let reason = MediaAnswerCheck.refusal(of: head) { return reason }
        let contradiction =
            head.status == 200 ? file.known.contradiction(in: head) : file.known.contradictionOfEntityTag(in: head)
        guard let reason = contradiction ?? envelope.refusal(of: head, for: file.known) else { return nil }
        isContradicted = true
        return reason
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        if let spool { return spool.downloadDidBegin(head, at: offset) }
        if envelope.isOutvoted {
            failure = EnvelopeCheck.changed(file.known.sid)
            return false
        }
        (try? file.known.addresses())?.remember(served: head.address)
        if head.status == 206 {
            guard offset == position else {
                failure = MediaError(
                    .transferFailed, file.known.sid, "the media of \(file.known.sid) was sent out of order")
                return false
            }
            if let total = head.contentRange?.total, total != file.known.facts?.ciphertextSize {
                hasOtherSize = true
                failure = MediaError(
                    .changed, file.known.sid, "the media of \(file.known.sid) has another size than it had")
                return false
            }
            file.known.rangeDidBegin(head)
            return true
        }
        if offset == position, position > range.lowerBound {
            // A range that broke off goes on within the whole: what was delivered has been skipped.
            return true
        }
        do throws(MediaError) {
            // Takes the readers who wait for this fetch along. When another stream comes already, it serves them.
            guard let spool = try file.keepStream(from: transfer) else { return false }
            self.spool = spool
            return spool.downloadDidBegin(head, at: offset)
        } catch {
            failure = error
            return false
        }
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        if let spool {
            spool.downloadDidReceive(bytes)
            return
        }
        guard failure == nil else { return }
        file.known.services.counts.withLock { $0.fetchedBytes += Int64(bytes.byteCount) }
        if firstByte == nil { firstByte = .now }
        var rest = bytes
        while rest.byteCount > 0, current < blocks.count, !isOver {
            let block = blocks[current]
            let local = Int(position - block.offset)
            // Bytes before the first block are its prefix.
            let count = min(rest.byteCount, (local < 0 ? 0 : block.byteCount) - local)
            block.write(rest.extracting(0..<count), at: local)
            rest = rest.extracting(count..<rest.byteCount)
            position += Int64(count)
            guard local >= 0 else { continue }
            let written = local + count
            if let reason = problem(withFirst: written, of: block) ?? problem(withLast: written, of: block) {
                // What came before it and was kept may be just as wrong.
                failure = MediaError(
                    .changed, file.known.sid, "the media of \(file.known.sid) could not be had: \(reason)")
                transfer.cancel()
                return
            }
            // Its first bytes are looked at before any is handed on.
            guard !mustCheckBeginning else { continue }
            if written == block.byteCount {
                current += 1
                if current < blocks.count {
                    block.read((written - Block.prefixSize)..<written) {
                        blocks[current].write($0, at: -Block.prefixSize)
                    }
                }
            }
            isOver = !file.fetchDidWrite(number, block: block, count: written, content: content)
        }
        if isOver, position < range.upperBound { file.endFetch(number) }
    }

    /// Why the first bytes of media that isn't encrypted can't be what they should; nil when they can, or too few of
    /// them have come.
    private func problem(withFirst count: Int, of block: Block) -> String? {
        guard mustCheckBeginning else { return nil }
        let size = min(MediaAnswerCheck.signatureSize, block.byteCount)
        guard count >= size else { return nil }
        mustCheckBeginning = false
        var bytes: [UInt8] = []
        block.read(0..<size) { part in part.withUnsafeBytes { bytes = Array($0) } }
        return MediaAnswerCheck.refusal(ofPlaintext: bytes, kind: file.known.resource.kind)
    }

    /// Why the last bytes of encrypted media can't be those with which it was described; nil when they are, or haven't
    /// come.
    ///
    /// A tag is compared elsewhere, with all that it covers. Padding has nothing else to be compared with.
    private func problem(withLast count: Int, of block: Block) -> String? {
        guard count == block.byteCount, block.offset + Int64(count) == content.contentSize, content.isEncrypted,
            content.authentication == nil, let tail = file.known.facts?.tail.suffix(count), !tail.isEmpty
        else { return nil }
        var bytes: [UInt8] = []
        block.read((count - tail.count)..<count) { part in part.withUnsafeBytes { bytes = Array($0) } }
        return bytes.elementsEqual(tail) ? nil : "it ends with other bytes than before"
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        spool?.downloadDidEnd(result)
        noteSpeed()
        if let failure {
            if hasOtherSize {
                file.doubtFacts(failing: failure)
            } else if failure.code == .changed {
                file.mediaDidChange()
            }
            file.fetchDidEnd(number, .failure(failure))
            return
        }
        if case .failure(let error) = result {
            if error.code == .changed || file.known.stopAskingForChannels(after: error) {
                file.mediaDidChange()
            } else if isContradicted, error.isUnusableAnswer {
                file.doubtFacts(failing: file.known.mediaError(error))
            }
        }
        file.fetchDidEnd(number, result.mapError { file.known.mediaError($0) })
    }

    /// Tells those who plan fetches what the link brings.
    private func noteSpeed() {
        guard let firstByte else { return }
        let end = ContinuousClock.now
        file.known.services.link.withLock {
            $0.note(
                byteCount: position - range.lowerBound, delay: (firstByte - start) / .seconds(1),
                seconds: (end - firstByte) / .seconds(1))
        }
    }
}
