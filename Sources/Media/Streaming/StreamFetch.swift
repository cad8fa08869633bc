import Support
import Transfer
import TwilioAPI

/// Writes a stream of all of a file's ciphertext to a temporary file.
final class StreamFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: mutable state is accessed on the transfer thread alone.
    private let known: KnownMedia
    private let delegate: any StreamDelegate
    let spool: Spool

    /// When it was ordered, or when the answer to another request turned out to be the whole stream.
    private let start = ContinuousClock.now

    /// Bytes written so far.
    private(set) var written: Int64 = 0
    private var failure: MediaError?

    /// Whether the answer announced the known size.
    private var hasKnownSize = false

    /// Whether the first bytes were checked.
    private var isChecked = false

    /// Whether the announced size and the first bytes can be the media's.
    private var isRecognised = false

    /// Whether an answer was refused because it contradicts the known facts.
    private var isContradicted = false
    private var envelope = EnvelopeCheck()

    /// The finding, until it is reported to the delegate.
    private var finding: MediaFinding?

    init(_ known: KnownMedia, to spool: Spool, delegate: any StreamDelegate) {
        self.known = known
        self.delegate = delegate
        self.spool = spool
    }

    /// The last written bytes.
    func tail(count: Int64) throws(MediaError) -> [UInt8] { try bytes(max(0, written - count)..<written) }

    /// The first written bytes.
    func beginning(count: Int64) throws(MediaError) -> [UInt8] { try bytes(0..<min(count, written)) }

    private func bytes(_ range: Range<Int64>) throws(MediaError) -> [UInt8] {
        do throws(SystemError) {
            return try spool.bytes(range)
        } catch {
            throw MediaError(.storage, known.sid, error.message, cause: error)
        }
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        if envelope.isOutvoted {
            finding = .changed
            fail(EnvelopeCheck.changed(known.sid))
            return false
        }
        // The transfer continues where it stopped; anything else would leave a gap.
        guard offset == written else {
            failure = MediaError(.transferFailed, known.sid, "the media of \(known.sid) was sent out of order")
            return false
        }
        hasKnownSize = head.contentLength != nil && head.contentLength == known.facts?.ciphertextSize
        return true
    }

    /// The reason to refuse an answer and ask again; nil if it may be the media.
    func refusal(of head: ResponseHead) -> String? {
        if let reason = MediaAnswerCheck.refusal(of: head) { return reason }
        guard let reason = known.contradiction(in: head) ?? envelope.refusal(of: head, for: known) else {
            return nil
        }
        isContradicted = true
        return reason
    }

    /// Checks the first bytes once there are enough of them, or at the end of the stream.
    private func check(isComplete: Bool) throws(MediaError) {
        guard !isChecked, isComplete || written >= MediaAnswerCheck.signatureSize else { return }
        isChecked = true
        if known.facts.map({ !known.isSealed($0) }) ?? false {
            let bytes = try beginning(count: Int64(MediaAnswerCheck.signatureSize))
            if let reason = MediaAnswerCheck.refusal(ofPlaintext: bytes, kind: known.resource.kind) {
                finding = .contradicted
                throw MediaError(
                    .transferFailed, known.sid, "the media of \(known.sid) could not be fetched: \(reason)")
            }
        }
        isRecognised = hasKnownSize
    }

    private func fail(_ error: MediaError) {
        failure = error
        // The waiting reads fail at once; the transfer ends later.
        delegate.streamDidEnd(spool, .failure(error), finding.take())
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        guard failure == nil else { return }
        known.services.metrics.fetched(byteCount: bytes.byteCount)
        do throws(SystemError) {
            try spool.write(bytes, at: written)
            written += Int64(bytes.byteCount)
        } catch {
            fail(MediaError(.storage, known.sid, error.message, cause: error))
            return
        }
        do throws(MediaError) {
            try check(isComplete: false)
            delegate.streamDidGrow(spool, to: written, isRecognised: isRecognised)
        } catch {
            fail(error)
        }
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        if written > 0 { known.services.metrics.fetchEnded(byteCount: written, duration: ContinuousClock.now - start) }
        if failure == nil, case .success = result {
            do throws(MediaError) { try check(isComplete: true) } catch { failure = error }
        }
        if case .failure(let error) = result {
            if known.stopAskingForChannels(after: error) {
                finding = .changed
            } else if isContradicted, error.isUnusableAnswer {
                finding = .contradicted
            }
        }
        let outcome = failure.map { .failure($0) } ?? result.mapError { known.mediaError($0) }
        delegate.streamDidEnd(spool, outcome, finding.take())
    }
}

extension TransferError {
    /// Whether it failed because of answers that can't be the media.
    var isUnusableAnswer: Bool { code == .unusableAnswer || (cause as? TransferError)?.code == .unusableAnswer }
}
