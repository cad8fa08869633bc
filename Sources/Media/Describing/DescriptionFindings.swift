import Envelope
import Transfer
import TwilioAPI

/// The findings from the answers of one attempt at describing media.
struct DescriptionFindings {
    /// The head of the first answer.
    private(set) var head: ResponseHead?

    /// The size on the server in bytes.
    private(set) var total: Int64?

    /// The envelope's fields in the answer.
    private(set) var envelopeFields: [String: String] = [:]

    /// The first 32 bytes, or all of shorter media.
    private(set) var beginning: [UInt8]?

    /// The last 32 bytes, or all of shorter media.
    private(set) var tail: [UInt8]?

    /// Takes the head of an answer, unless an earlier head was taken.
    mutating func take(_ head: ResponseHead, total: Int64?) {
        guard self.head == nil else { return }
        self.head = head
        self.total = total
        envelopeFields = EnvelopeMetadata.s3EncryptionClientFields(of: head.headers)
    }

    /// Takes the bytes of a part.
    mutating func take(_ bytes: [UInt8], of part: DescriptionFetch.Part) {
        if part == .end { tail = bytes } else { beginning = bytes }
        guard let total, Int64(bytes.count) == total else { return }
        beginning = bytes
        tail = bytes
    }

    /// Takes a complete stream.
    mutating func take(_ spool: StreamFetch) throws(MediaError) {
        total = spool.written
        tail = try spool.tail(count: MediaFacts.tailSize)
        beginning = try spool.beginning(count: MediaFacts.tailSize)
    }

    /// The reason that the findings can't be a recording's media; nil if they can.
    func problem(of resource: MediaResource, isSealed: Bool, expectsEnvelope: Bool) -> String? {
        guard let total else { return nil }
        guard isSealed else {
            if expectsEnvelope { return "it is encrypted, but the answer lacks the envelope headers" }
            // HEAD has no bytes. Its size counts for this process only, and the bytes are checked later.
            guard let beginning else { return total == 0 ? "the media is empty" : nil }
            return MediaAnswerCheck.refusal(ofPlaintext: beginning, kind: resource.kind)
        }
        let cipher =
            resource.encryptionDetails?.cipher
            ?? (try? MediaFacts.envelope(of: resource, fields: envelopeFields))?.cipher
        return CiphertextLayout.refusal(ofSize: total, cipher: cipher)
    }
}
