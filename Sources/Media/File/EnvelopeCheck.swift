import Transfer
import TwilioAPI

/// How an answer's envelope differs from the one that is known of the media.
enum EnvelopeDifference {
    /// The answer has no headers of an envelope: it is a page in the media's place, perhaps.
    case missing

    /// The answer has those of another envelope: this answer is damaged, or the one from which the media is known, or
    /// the media is another.
    ///
    /// With the headers.
    case other([String: String])
}

/// Compares the envelopes in the answers of one transfer with the one that is known of the media.
struct EnvelopeCheck {
    /// The envelope of the answer before, where it was another.
    private var other: [String: String]?

    /// Whether two answers in a row agree on another envelope than is known: then it isn't these that are wrong.
    private(set) var isOutvoted = false

    /// Why an answer can't be used, but another one may; nil when it can, or it is settled that the media is another.
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

    /// The error of media whose envelope is another.
    static func changed(_ sid: SID) -> MediaError {
        MediaError(.changed, sid, "the media of \(sid) has a different envelope than before")
    }
}
