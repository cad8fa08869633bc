import Envelope
import Support
import Transfer
import TwilioAPI

/// Learns the facts of a file's media from its last or first 32 bytes.
///
/// One small request is usually enough. Sealed media ends with GCM's tag or CBC's padding; other media begins with the
/// format's signature. Both answers have the total size, the entity tag and the envelope's fields; HEAD lacks the
/// bytes, and presigned addresses refuse it. A server that ignores ranges sends everything: the answer is cut off if
/// enough is known, else kept for reads. If such a server is the API itself, and its answers to HEAD report
/// sizes, later descriptions use HEAD (``ProbeFindings``). After an answer that can't be media (``MediaAnswerCheck``),
/// the request is repeated.
final class DescriptionFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: mutable state is accessed on the transfer thread alone.

    /// The requested part.
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

    /// The most attempts with answers whose bytes can't be media, with waits of up to three seconds in all.
    ///
    /// For answers whose head can't be media, the transfer retries as for a status 503.
    private static let attemptLimit = 5

    /// The failed attempts after which media is believed to be truncated or, contrary to expectation, unencrypted.
    private static let leastRepetitions = 2

    private let known: KnownMedia
    private let delegate: any StreamDelegate
    private let priority: RisingPriority
    private let patience: Patience

    /// The findings of the current attempt.
    private(set) var findings = DescriptionFindings()

    /// The number of failed attempts.
    private var earlierFailures = 0

    /// The size in the previous complete answer.
    private var earlierWhole: Int64??

    // State of the current request:

    private var transfer = TransferSlot()
    private var part = Part.end
    private var bytes: [UInt8] = []

    /// The stream kept for reads, if the server ignores ranges and the head and the first bytes aren't enough.
    private var spool: StreamFetch?

    /// Whether the server sends all of the media.
    private var isWhole = false

    /// Whether the rest of the answer isn't needed.
    private var isDone = false

    /// Whether the kept stream's end was announced.
    private var announcesEnd = false

    /// The reason to ask again.
    private var problem: String?
    private var failure: MediaError?

    /// Receives the facts, and whether the server ignores ranges.
    private let completion: @Sendable (Result<MediaFacts, MediaError>, _ ignoresRanges: Bool) -> Void

    /// - Parameter patience: a person may wait for a size or an opening, a copying program for the bytes of a read.
    init(
        of known: KnownMedia, delegate: any StreamDelegate, priority: RisingPriority = RisingPriority(.reader),
        patience: Patience = .media,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>, _ ignoresRanges: Bool) -> Void
    ) {
        self.known = known
        self.delegate = delegate
        self.priority = priority
        self.patience = patience
        self.completion = completion
    }

    func start() {
        let address = known.resource.kind.mediaAccess == .direct ? (try? known.addresses())?.ownAddress : nil
        // HEAD has no bytes: it can't show whether truncated media is complete now.
        if let address, let origin = address.origin, !known.isCut,
            known.services.probes.withLock({ $0.probe(at: origin, now: known.services.now) }) == .head
        {
            askForHead(at: address, of: origin)
        } else {
            beginAttempt()
        }
    }

    private func askForHead(at address: Address, of origin: Origin) {
        let request = Request(
            method: .head, address: address, priority: priority.begin(transfer), redirects: .report, patience: patience,
            bodyLimit: 0, retriesNotFound: known.mayBeTooYoung)
        transfer.hold(known.services.transfer.send(request) { [self] result in headDidEnd(result, of: origin) })
    }

    private func headDidEnd(_ result: Result<Response, TransferError>, of origin: Origin) {
        switch result {
        case .success(let response) where response.head.exactSize != nil:
            findings.take(response.head, total: response.head.exactSize)
            isDone = true
            learn()
            return
        case .failure(let error) where error.status == nil && error.code != .protocolViolation:
            // No answer at all: another request would fail too.
            finish(.failure(known.mediaError(error)))
            return
        case .failure(let error) where error.status == 404:
            // The status concerns the recording, not the server, and the answer to GET says more.
            break
        case .success, .failure:
            known.services.probes.withLock { $0.headFailed(at: origin, now: known.services.now) }
        }
        beginAttempt()
    }

    private func beginAttempt() {
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
                        range: part.range, bodyLimit: known.resource.kind.largestMedia,
                        priority: priority.begin(transfer), patience: patience, retriesNotFound: known.mayBeTooYoung,
                        expectedEntityTag: findings.head?.headers["etag"],
                        refusal: MediaAnswerCheck.refusal(of:),
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

    /// Handles an answer with everything, perhaps to a request for a part.
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
            // Sealed voice needs no bytes: GCM's plaintext size follows from the ciphertext size, OAEP detects a wrong
            // private key, and a read gets the tag from its own stream. Ciphertext that consists of the tag alone is
            // never read, so its tag is taken here.
            isDone = known.resource.encryptionDetails != nil && total != CiphertextLayout.tagSize
            if isDone { return false }
            if findings.envelopeFields.isEmpty { return true }
        }
        // Error pages may end with the connection, without an announced length.
        announcesEnd = total != nil || head.headers["transfer-encoding"]?.lowercased().contains("chunked") == true
        do throws(MediaError) {
            guard let spool = try delegate.descriptionDidBecomeStream(transfer) else {
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
            // These bytes include the signature.
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
                rangeWasRefused(error)
            } else if known.stopAskingForChannels(after: error) {
                beginAttempt()
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

    /// Handles a refused range: the media is empty (RFC 9110, 14.4), or the server doesn't support the range.
    private func rangeWasRefused(_ error: TransferError) {
        if let head = error.response?.head, head.headers["content-range"]?.hasSuffix("*/0") == true {
            repeatAfter("the media is empty")
        } else if part != .everything {
            download(.everything)
        } else {
            finish(.failure(known.mediaError(error)))
        }
    }

    /// Takes the bytes of an answer, and requests the other end of the media if needed.
    private func partDidCome() {
        findings.take(bytes, of: isWhole || part == .everything ? .beginning : part)
        if !isWhole, isSealed, findings.tail == nil {
            download(.end)
        } else if !isWhole, !isSealed, findings.beginning == nil {
            download(.beginning)
        } else {
            learn()
        }
    }

    /// Whether the media has an envelope, by resource or answer.
    private var isSealed: Bool { known.resource.encryptionDetails != nil || !findings.envelopeFields.isEmpty }

    private func learn() {
        guard let head = findings.head, let total = findings.total else {
            let message = "the media server sent no information about \(known.sid)"
            finish(.failure(MediaError(.transferFailed, known.sid, message)))
            return
        }
        guard Bounds.sizes.contains(total) else {
            finish(.failure(impossibleSize))
            return
        }
        // Ciphertext has no signature, so media that comes with a signature again and again isn't encrypted.
        let isOutvoted = !known.namesKey && earlierFailures >= Self.leastRepetitions
        let expectsEnvelope = known.mustBeSealed && !isOutvoted
        if let problem = findings.problem(of: known.resource, isSealed: isSealed, expectsEnvelope: expectsEnvelope) {
            repeatAfter(problem)
            return
        }
        if completeness(total) == .cut, earlierFailures < Self.leastRepetitions {
            // The answer may be truncated, or the media not yet complete.
            repeatAfter("it is shorter than its header or its resource says")
            return
        }
        if known.resource.kind.envelopePlace == .media {
            known.services.probes.withLock { $0.noteEnvelope(isThere: isSealed, kind: known.resource.kind) }
        }
        if isWhole || head.status == 206, part != .everything {
            known.services.learnProbe(from: head, size: total, of: known.resource)
        }
        // Decrypting the padding may take an RSA operation, which must not block the transfer thread.
        known.services.workers.run { [self] in
            finish(Result { () throws(MediaError) in try facts(head: head, ciphertextSize: total) })
        }
    }

    /// Asks again after an answer that can't be media, up to a limit.
    private func repeatAfter(_ problem: String) {
        let message = "could not be fetched: \(problem)"
        abandonSpool(known.error(.transferFailed, message))
        earlierFailures += 1
        // The host may be the target of a bad redirect.
        if let address = findings.head?.address { (try? known.addresses())?.forget(served: address) }
        guard earlierFailures < Self.attemptLimit else {
            let code: MediaError.Code =
                isSealed ? .transferFailed : known.mustBeSealed ? .unreadableEnvelope : .unexpectedContent
            known.forgetAddresses()
            completion(.failure(known.error(code, message)), false)
            return
        }
        beginAttempt()
    }

    private func facts(head: ResponseHead, ciphertextSize: Int64) throws(MediaError) -> MediaFacts {
        let fields = findings.envelopeFields
        let tail = isSealed ? findings.tail ?? [] : []
        var plaintextSize = ciphertextSize
        var isExact = true
        // A range answer confirms the size. A complete unencrypted stream with an announced end does too, since its
        // first bytes were checked.
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
                        // Only the ciphertext size is known; the file can't be opened anyway.
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

    /// The completeness of the media on the server.
    private func completeness(_ ciphertextSize: Int64) -> MediaFacts.Completeness {
        let isCut = MediaAnswerCheck.isCut(size: ciphertextSize, of: known.resource)
        // Sealed media can be opened anyway: its tag or padding shows whether it is complete.
        guard !isSealed else { return isCut ? .uncertain : .whole }
        if isCut { return .cut }
        let told = MediaAnswerCheck.completeness(ofWave: findings.beginning ?? [], size: ciphertextSize)
        return min(told, spool != nil && !announcesEnd ? .uncertain : .whole)
    }

    private var impossibleSize: MediaError {
        MediaError(.transferFailed, known.sid, "the media server reports an impossible size of \(known.sid)")
    }

    private func finish(_ result: Result<MediaFacts, MediaError>) {
        // A stream without facts isn't kept: it would be in the way of the next attempt.
        if case .failure(let error) = result {
            abandonSpool(error)
            known.forgetAddresses()
        }
        completion(result, isDone || isWhole)
    }

    private func abandonSpool(_ error: MediaError) {
        guard let spool else { return }
        delegate.streamDidEnd(spool.spool, .failure(error), nil)
        self.spool = nil
    }
}
