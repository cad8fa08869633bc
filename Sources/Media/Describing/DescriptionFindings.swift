import Envelope
import Transfer
import TwilioAPI

/// What the answers of one attempt at describing media have told.
struct DescriptionFindings {
    /// The head of the first answer.
    private(set) var head: ResponseHead?

    /// The size of what the server holds, in bytes; nil until it is known.
    private(set) var total: Int64?

    /// The fields of the answer that belong to an envelope.
    private(set) var envelopeFields: [String: String] = [:]

    /// The first bytes, 32 if there are as many; nil until they are known.
    private(set) var beginning: [UInt8]?

    /// The last bytes, 32 if there are as many; nil until they are known.
    private(set) var tail: [UInt8]?

    /// Nothing is known.
    init() {}

    /// An answer to HEAD.
    init(head: ResponseHead, total: Int64?) {
        take(head, total: total)
    }

    /// Takes note of the head of an answer; the first one counts.
    mutating func take(_ head: ResponseHead, total: Int64?) {
        guard self.head == nil else { return }
        self.head = head
        self.total = total
        envelopeFields = EnvelopeMetadata.s3EncryptionClientFields(of: head.headers)
    }

    /// Takes note of a part's bytes.
    mutating func take(_ bytes: [UInt8], of part: DescriptionFetch.Part) {
        if part == .end { tail = bytes } else { beginning = bytes }
        guard let total, Int64(bytes.count) == total else { return }
        // That is all there is.
        beginning = bytes
        tail = bytes
    }

    /// Takes note of a stream that has come to its end.
    mutating func take(_ spool: StreamFetch) throws(MediaError) {
        total = spool.written
        tail = try spool.tail(count: MediaFacts.tailSize)
        beginning = try spool.beginning(count: MediaFacts.tailSize)
    }

    /// Why what was found can't be a recording's media; nil when it can.
    ///
    /// - Parameters:
    ///   - isSealed: whether the media is in an envelope.
    ///   - expectsEnvelope: whether it has to be.
    func problem(of resource: MediaResource, isSealed: Bool, expectsEnvelope: Bool) -> String? {
        guard let total else { return nil }
        guard isSealed else {
            if expectsEnvelope { return "it is encrypted, but the answer lacks the envelope headers" }
            // HEAD has no bytes to look at. Its size counts for this process only, and the bytes are looked at later.
            guard let beginning else { return total == 0 ? "the media is empty" : nil }
            return MediaAnswerCheck.refusal(ofPlaintext: beginning, kind: resource.kind)
        }
        let cipher =
            resource.encryptionDetails?.cipher
            ?? (try? MediaFacts.envelope(of: resource, fields: envelopeFields))?.cipher
        return CiphertextLayout.refusal(ofSize: total, cipher: cipher)
    }
}
