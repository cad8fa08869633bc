import Support
import Transfer

/// Compares the answers of one transfer with the known facts and envelope.
struct AnswerCheck {
    /// The facts to compare with; those of the file if nil.
    private let expected: MediaFacts?

    /// The differing envelope of the previous answer.
    private var otherEnvelope: [String: String]?

    /// Whether two answers in a row agree on another envelope: then the known one is wrong.
    private var isOutvoted = false

    /// Whether an answer was refused because it contradicts the known facts.
    private var isContradicted = false

    init(expecting facts: MediaFacts? = nil) { expected = facts }

    /// The reason to refuse an answer and ask again; nil if it may be the media or, unless `isWhole`, a part of it.
    mutating func refusal(of head: ResponseHead, for known: KnownMedia, isWhole: Bool) -> String? {
        if let reason = MediaAnswerCheck.refusal(of: head) { return reason }
        let contradiction =
            isWhole
            ? known.contradiction(in: head, to: expected) : known.contradictionOfEntityTag(in: head, to: expected)
        guard let reason = contradiction ?? refusal(ofEnvelopeIn: head, for: known) else { return nil }
        isContradicted = true
        return reason
    }

    /// The reason to refuse an answer for its envelope; nil if that is the known one, or the known one is outvoted.
    private mutating func refusal(ofEnvelopeIn head: ResponseHead, for known: KnownMedia) -> String? {
        guard let other = known.otherEnvelope(in: head, than: expected) else { return nil }
        if other.isEmpty { return "answered without the headers of the media's envelope" }
        isOutvoted = other == otherEnvelope
        otherEnvelope = other
        return isOutvoted ? nil : "answered with the headers of a different envelope"
    }

    /// The error of media with another envelope, if the known one is outvoted.
    func envelopeError(of known: KnownMedia) -> MediaError? {
        isOutvoted ? known.error(.changed, "has a different envelope than before") : nil
    }

    /// The finding of a failed transfer: `contradicted` if its answers were unusable and one contradicted the facts.
    func finding(after error: TransferError) -> MediaFinding? {
        let isUnusable = error.code == .unusableAnswer || (error.cause as? TransferError)?.code == .unusableAnswer
        return isContradicted && isUnusable ? .contradicted : nil
    }
}
