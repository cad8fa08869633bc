import Transfer
import TwilioAPI

/// A difference between an answer's envelope and the known one.
enum EnvelopeDifference {
    /// The answer has no envelope headers; it may be an error page.
    case missing

    /// The answer has another envelope: this answer or the earlier one is damaged, or the media has changed.
    case other([String: String])
}

/// Compares the envelopes in the answers of one transfer with the known one.
struct EnvelopeCheck {
    /// The differing envelope of the previous answer.
    private var other: [String: String]?

    /// Whether two answers in a row agree on another envelope: then the known one is wrong.
    private(set) var isOutvoted = false

    /// The reason to refuse an answer and ask again; nil if it fits or the known envelope is outvoted.
    mutating func refusal(of head: ResponseHead, for known: KnownMedia) -> String? {
        switch known.difference(ofEnvelopeIn: head) {
        case nil:
            return nil
        case .missing?:
            return "answered without the headers of the media's envelope"
        case .other(let headers)?:
            isOutvoted = headers == other
            other = headers
            return isOutvoted ? nil : "answered with the headers of a different envelope"
        }
    }

    /// The error of media with another envelope.
    static func changed(_ sid: SID) -> MediaError {
        MediaError(.changed, sid, "the media of \(sid) has a different envelope than before")
    }
}
