import Support
import Transfer
import TwilioAPI

/// Writes a stream of all of a file's ciphertext to a temporary file.
final class StreamFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: mutable state is accessed on the transfer thread alone.
    private let known: KnownMedia
    private let delegate: any StreamDelegate
    let spool: Spool

    /// The time of the request, or of the answer to another request that turned out to have everything.
    private let start: ContinuousClock.Instant

    /// Bytes written so far.
    private(set) var written: Int64 = 0
    private var failure: MediaError?

    /// Whether the last answer announced the known size.
    private var hasKnownSize = false

    /// Whether the first bytes were checked.
    private var isChecked = false

    /// Whether the announced size and the first bytes can be the media's.
    private var isRecognised = false

    private var answers = AnswerCheck()

    /// The finding, until it is reported to the delegate.
    private var finding: MediaFinding?

    init(_ known: KnownMedia, to spool: Spool, delegate: any StreamDelegate) {
        self.known = known
        start = known.services.now
        self.delegate = delegate
        self.spool = spool
    }

    /// The last written bytes.
    func tail(count: Int64) throws(MediaError) -> [UInt8] { try bytes(max(0, written - count)..<written) }

    /// The first written bytes.
    func beginning(count: Int64) throws(MediaError) -> [UInt8] { try bytes(0..<min(count, written)) }

    private func bytes(_ range: Range<Int64>) throws(MediaError) -> [UInt8] {
        try known.onDisk { () throws(SystemError) in try spool.bytes(range) }
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        if let error = answers.envelopeError(of: known) {
            finding = .changed
            fail(error)
            return false
        }
        // The transfer continues where it stopped; anything else would leave a gap.
        guard offset == written else {
            failure = known.error(.transferFailed, "was sent out of order")
            return false
        }
        let size = Self.isWhole(head) ? head.contentLength : head.contentRange?.total
        hasKnownSize = size != nil && size == known.facts?.ciphertextSize
        return true
    }

    /// The reason to refuse an answer and ask again; nil if it may be the media.
    func refusal(of head: ResponseHead) -> String? {
        answers.refusal(of: head, for: known, isWhole: Self.isWhole(head))
    }

    /// Whether an answer has all of the media; one that continues a stream may have the rest alone.
    private static func isWhole(_ head: ResponseHead) -> Bool { head.status != 206 }

    /// Checks the first bytes once there are enough of them, or at the end of the stream.
    private func check(isComplete: Bool) throws(MediaError) {
        guard !isChecked, isComplete || written >= MediaAnswerCheck.signatureSize else { return }
        isChecked = true
        if known.facts.map({ !known.isSealed($0) }) ?? false {
            let bytes = try beginning(count: Int64(MediaAnswerCheck.signatureSize))
            if let reason = MediaAnswerCheck.refusal(ofPlaintext: bytes, kind: known.resource.kind) {
                finding = .contradicted
                throw known.error(.transferFailed, "could not be fetched: \(reason)")
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
        do throws(MediaError) {
            try known.onDisk { () throws(SystemError) in try spool.write(bytes, at: written) }
            written += Int64(bytes.byteCount)
            try check(isComplete: false)
            delegate.streamDidGrow(spool, to: written, isRecognised: isRecognised)
        } catch {
            fail(error)
        }
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        if written > 0 { known.services.metrics.fetchEnded(byteCount: written, duration: known.services.now - start) }
        if failure == nil, case .success = result {
            do throws(MediaError) { try check(isComplete: true) } catch { failure = error }
        }
        if case .failure(let error) = result, error.code == .bodyTooLarge, known.facts != nil {
            finding = .contradicted
            failure = failure ?? known.error(.changed, "has a different size than before", cause: error)
        } else if case .failure(let error) = result {
            let hasChanged = error.code == .changed || known.stopAskingForChannels(after: error)
            finding = hasChanged ? .changed : answers.finding(after: error) ?? finding
        }
        let outcome = failure.map { .failure($0) } ?? result.mapError { known.mediaError($0) }
        delegate.streamDidEnd(spool, outcome, finding.take())
    }
}
