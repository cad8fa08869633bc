import Envelope
import Support
import Transfer
import TwilioAPI

/// Learns what has to be known of a file's media: asks for its last 32 bytes, or its first ones.
///
/// One small request is enough for nearly everything. Of sealed media the last bytes are GCM's tag or CBC's padding; of
/// media that isn't sealed the first ones have the format's signature. Either answer has the total size, the entity tag
/// and the envelope's fields. HEAD hasn't, and presigned addresses refuse it. A server that ignores ranges sends
/// everything; that is left off where enough is known, else kept, so that it isn't sent twice. If it is the API's own,
/// HEAD is used from then on where that tells sizes: see ``ProbeFindings``.
///
/// An answer that can't be media (``MediaAnswerCheck``) is asked for again, some times.
final class DescriptionFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: what changes is touched on the transfer thread alone.

    /// What is asked for.
    enum Part {
        case end
        case beginning
        case everything

        var range: ByteRange? {
            switch self {
            case .end: .suffix(MediaFacts.tailSize)
            case .beginning: .bytes(0..<MediaFacts.tailSize)
            case .everything: nil
            }
        }
    }

    /// How often media is asked for, all in all, when the content of the answers can't be media.
    ///
    /// The waits in between add up to three seconds at the most. Answers whose head can't be media are repeated by the
    /// transfer, for as long as a status 503.
    private static let attemptLimit = 5

    /// How often media has to come without an envelope that was with one before, or cut, until it is believed.
    private static let leastRepetitions = 2

    private let known: KnownMedia
    private let streams: any StreamKeeper
    private let priority: Priority

    /// What is known of the media, from the answers of one attempt.
    private(set) var findings = DescriptionFindings()

    /// How many attempts have failed.
    private var earlierFailures = 0

    /// The size that the attempt before told, in an answer with everything.
    private var earlierWhole: Int64??

    // Of the request that is under way:

    private var transfer = TransferSlot()
    private var part = Part.end
    private var bytes: [UInt8] = []

    /// The stream that is kept, when the server ignores ranges and the head doesn't tell enough.
    private var spool: StreamFetch?

    /// Whether the answer has all of the media in it.
    private var isWhole = false

    /// Whether everything is known and the rest of the answer isn't wanted.
    private var isDone = false

    /// Whether a stream that was kept is known to be there to its end.
    private var announcesEnd = false

    /// Why the answer can't be used, but another one may.
    private var problem: String?
    private var failure: MediaError?

    /// Gets what was learnt, and whether the server ignores ranges.
    private let completion: @Sendable (Result<MediaFacts, MediaError>, _ ignoresRanges: Bool) -> Void

    init(
        of known: KnownMedia, streams: any StreamKeeper, priority: Priority = .reader,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>, _ ignoresRanges: Bool) -> Void
    ) {
        self.known = known
        self.streams = streams
        self.priority = priority
        self.completion = completion
    }

    /// Sends the request that costs the least.
    func start() {
        let address = known.resource.kind.mediaAccess == .direct ? (try? known.addresses())?.ownAddress : nil
        // HEAD tells nothing of the header of media that was cut.
        if let address, let origin = address.origin, !known.isCut,
            known.services.probes.withLock({ $0.probe(at: origin, now: .now) }) == .head
        {
            askForHead(at: address, of: origin)
        } else {
            begin()
        }
    }

    private func askForHead(at address: Address, of origin: Origin) {
        let request = Request(
            method: .head, address: address, priority: priority, redirects: .report,
            retriesNotFound: known.mayBeTooYoung)
        transfer.hold(known.services.transfer.send(request) { [self] result in headDidEnd(result, of: origin) })
    }

    private func headDidEnd(_ result: Result<Response, TransferError>, of origin: Origin) {
        switch result {
        case .success(let response) where response.head.exactSize != nil:
            findings = DescriptionFindings(head: response.head, total: response.head.exactSize)
            isDone = true
            learn()
            return
        case .failure(let error) where error.status == nil && error.code != .protocolViolation:
            // Not answered at all: another request wouldn't be either.
            finish(.failure(known.mediaError(error)))
            return
        case .failure(let error) where error.status == 404:
            // That is about this recording, and GET tells more of it.
            break
        case .success, .failure:
            known.services.probes.withLock { $0.headFailed(at: origin, now: .now) }
        }
        begin()
    }

    /// Begins an attempt.
    private func begin() {
        findings = DescriptionFindings()
        download(known.expectsEnvelope ? .end : .beginning)
    }

    private func download(_ part: Part) {
        self.part = part
        transfer = TransferSlot()
        bytes = []
        (spool, isWhole, isDone, problem, failure) = (nil, false, false, nil, nil)
        do throws(MediaError) {
            let source = try known.addresses()
            transfer.hold(
                known.services.transfer.download(
                    DownloadRequest(
                        range: part.range, priority: priority, retriesNotFound: known.mayBeTooYoung,
                        expectedEntityTag: findings.head?.headers["etag"], refusal: MediaAnswerCheck.refusal(of:),
                        earlierFailures: findings.head == nil ? earlierFailures : 0),
                    from: source,
                    to: self))
        } catch {
            completion(.failure(error), false)
        }
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        if let spool { return spool.downloadDidBegin(head, at: offset) }
        (try? known.addresses())?.remember(served: head.address)
        let total = head.status == 206 ? head.contentRange?.total : head.contentLength
        if findings.head != nil, head.status != 206 || total != findings.total {
            problem = "the media changed while it was described"
            return false
        }
        guard head.status == 206 else { return wholeDidBegin(head, total: total, at: offset) }
        if let origin = head.address.origin { known.services.probes.withLock { $0.noteRange(at: origin) } }
        guard total != nil else {
            failure = MediaError(.transferFailed, known.sid, "the media server doesn't report the size of \(known.sid)")
            return false
        }
        findings.take(head, total: total)
        return true
    }

    /// All of the media comes, although a part was asked for.
    private func wholeDidBegin(_ head: ResponseHead, total: Int64?, at offset: Int64) -> Bool {
        let isRepeated = earlierWhole == .some(total)
        earlierWhole = .some(total)
        if part != .everything, let origin = head.address.origin,
            !known.services.probes.withLock({ $0.believesWhole(at: origin, isRepeated: isRepeated) })
        {
            problem = "the server sent the whole media where a range was requested"
            return false
        }
        isWhole = true
        findings.take(head, total: total)
        if total != nil {
            // GCM's size follows from the ciphertext's, OAEP knows whether the key is right, and the tag comes with the
            // stream that is read later. What is no more than a tag is taken here: nothing of it is ever read.
            isDone = known.resource.encryptionDetails != nil && total != CiphertextLayout.tagSize
            if isDone { return false }
            if findings.envelopeFields.isEmpty { return true }
        }
        // Who sends a page may close the connection before its end, and say no length.
        announcesEnd = total != nil || head.headers["transfer-encoding"]?.lowercased().contains("chunked") == true
        do throws(MediaError) {
            guard let spool = try streams.keepDescribedStream(from: transfer) else {
                failure = MediaError(.transferFailed, known.sid, "\(known.sid) is already being fetched: try again")
                return false
            }
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
        known.services.metrics.fetched(byteCount: bytes.byteCount)
        let room = Int(MediaFacts.tailSize) - self.bytes.count
        bytes.extracting(first: max(0, room)).withUnsafeBytes { self.bytes.append(contentsOf: $0) }
        if isWhole, !isDone, self.bytes.count == Int(MediaFacts.tailSize) {
            // The signature is among these.
            isDone = true
            transfer.cancel()
        }
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        spool?.downloadDidEnd(result)
        if let failure {
            finish(.failure(failure))
        } else if let problem {
            repeatAfter(problem)
        } else if isDone {
            partDidCome()
        } else if case .failure(let error) = result {
            if error.status == 416 {
                refusedRange(error)
            } else if known.stopAskingForChannels(after: error) {
                begin()
            } else if error.code == .changed, findings.head != nil {
                repeatAfter("the media changed while it was described")
            } else {
                finish(.failure(known.mediaError(error)))
            }
        } else if let spool {
            do throws(MediaError) {
                try findings.take(spool)
                learn()
            } catch {
                finish(.failure(error))
            }
        } else {
            partDidCome()
        }
    }

    /// Nothing can be taken of a part: there is nothing (RFC 9110, 14.4), or the server knows no such ranges.
    private func refusedRange(_ error: TransferError) {
        if let head = error.response?.head, head.headers["content-range"]?.hasSuffix("*/0") == true {
            repeatAfter("the media is empty")
        } else if part != .everything {
            download(.everything)
        } else {
            finish(.failure(known.mediaError(error)))
        }
    }

    /// An answer's bytes have come: asks for the other end of the media where that is needed.
    private func partDidCome() {
        findings.take(bytes, of: isWhole || part == .everything ? .beginning : part)
        guard !isWhole else {
            learn()
            return
        }
        if isSealed, findings.tail == nil {
            download(.end)
        } else if !isSealed, findings.beginning == nil {
            download(.beginning)
        } else {
            learn()
        }
    }

    /// Whether the media is in an envelope, by the resource or by the answer.
    private var isSealed: Bool { known.resource.encryptionDetails != nil || !findings.envelopeFields.isEmpty }

    private func learn() {
        guard let head = findings.head, let total = findings.total else {
            finish(
                .failure(
                    MediaError(.transferFailed, known.sid, "the media server sent no information about \(known.sid)")))
            return
        }
        guard Bounds.sizes.contains(total) else {
            finish(.failure(impossibleSize))
            return
        }
        // Ciphertext has no signature: what has one is no encrypted media without its headers, if it comes again.
        let isOutvoted = !known.namesKey && earlierFailures >= Self.leastRepetitions
        let expectsEnvelope = known.mustBeSealed && !isOutvoted
        if let problem = findings.problem(of: known.resource, isSealed: isSealed, expectsEnvelope: expectsEnvelope) {
            repeatAfter(problem)
            return
        }
        if completeness(total) == .cut, earlierFailures < Self.leastRepetitions {
            // The answer may have broken off, or the media isn't there to its end yet.
            repeatAfter("it is shorter than its header or its resource says")
            return
        }
        if known.resource.kind.envelopePlace == .media {
            known.services.probes.withLock { $0.noteEnvelope(isThere: isSealed, kind: known.resource.kind) }
        }
        if isWhole || head.status == 206, part != .everything {
            known.services.learnProbe(from: head, size: total, of: known.resource)
        }
        // The padding may have to be decrypted, and the content key unwrapped for it: not on the transfer thread.
        known.services.workers.run { [self] in
            finish(Result { () throws(MediaError) in try facts(head: head, ciphertextSize: total) })
        }
    }

    /// Asks again, since what came can't be media; gives up after some attempts.
    private func repeatAfter(_ problem: String) {
        let message = "the media of \(known.sid) could not be fetched: \(problem)"
        abandonSpool(MediaError(.transferFailed, known.sid, message))
        earlierFailures += 1
        // What served it isn't asked again: it is where a redirect led, perhaps.
        if let address = findings.head?.address { (try? known.addresses())?.forget(served: address) }
        guard earlierFailures < Self.attemptLimit else {
            let code: MediaError.Code =
                isSealed ? .transferFailed : known.mustBeSealed ? .unreadableEnvelope : .unexpectedContent
            known.forgetAddresses()
            completion(.failure(MediaError(code, known.sid, message)), false)
            return
        }
        begin()
    }

    private func facts(head: ResponseHead, ciphertextSize: Int64) throws(MediaError) -> MediaFacts {
        let fields = findings.envelopeFields
        let tail = isSealed ? findings.tail ?? [] : []
        var plaintextSize = ciphertextSize
        var isExact = true
        // A stream that is there to its end confirms the size if its beginning or its end is what it should be.
        let completeness = completeness(ciphertextSize)
        var isConfirmed = completeness == .whole && (head.status == 206 || !isSealed && spool != nil)
        do throws(EnvelopeError) {
            if let details = known.resource.encryptionDetails,
                let size = try details.cipher.plaintextSize(ofCiphertextSize: ciphertextSize)
            {
                plaintextSize = size
            } else if let metadata = try MediaFacts.envelope(of: known.resource, fields: fields) {
                if let size = try metadata.plaintextSize(ofCiphertextSize: ciphertextSize) {
                    plaintextSize = size
                } else {
                    do throws(EnvelopeError) {
                        plaintextSize = try known.services.plaintextSizeFromPadding(
                            metadata: metadata, tail: tail, ciphertextSize: ciphertextSize, of: known.resource)
                        isConfirmed = completeness == .whole
                    } catch  where error.code == .keyNotHeld || error.code == .wrongKey {
                        // Listed with the only size that is known; it can't be opened anyway.
                        isExact = false
                    }
                }
            }
        } catch {
            throw MediaError(error, known.sid)
        }
        let facts = MediaFacts(
            ciphertextSize: ciphertextSize, plaintextSize: plaintextSize, isPlaintextSizeExact: isExact,
            entityTag: head.headers["etag"], envelopeFields: fields, tail: tail,
            requestedChannels: known.requestedChannels, isConfirmed: isConfirmed && isExact, completeness: completeness)
        guard let facts else { throw impossibleSize }
        return facts
    }

    /// Whether the server has all of the media.
    private func completeness(_ ciphertextSize: Int64) -> MediaFacts.Completeness {
        let isCut = MediaAnswerCheck.isCut(size: ciphertextSize, of: known.resource)
        // Sealed media can be opened all the same: its tag or its padding tells whether it is whole.
        guard !isSealed else { return isCut ? .uncertain : .whole }
        if isCut { return .cut }
        let told = MediaAnswerCheck.completeness(ofWave: findings.beginning ?? [], size: ciphertextSize)
        return min(told, spool != nil && !announcesEnd ? .uncertain : .whole)
    }

    private var impossibleSize: MediaError {
        MediaError(.transferFailed, known.sid, "the media server reports an impossible size of \(known.sid)")
    }

    private func finish(_ result: Result<MediaFacts, MediaError>) {
        // A stream that tells nothing isn't kept: the next attempt would find it, and nothing to go by.
        if case .failure(let error) = result {
            abandonSpool(error)
            known.forgetAddresses()
        }
        completion(result, isDone || isWhole)
    }

    private func abandonSpool(_ error: MediaError) {
        guard let spool else { return }
        streams.streamDidEnd(spool.spool, .failure(error), nil)
        self.spool = nil
    }
}
