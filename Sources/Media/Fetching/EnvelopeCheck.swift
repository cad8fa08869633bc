import Transfer
import TwilioAPI

/// How an answer's envelope differs from the one that is known of the media.
enum EnvelopeDifference {
    /// The answer has no headers of an envelope: it is a page in the media's place, perhaps.
    case missing

    /// The answer has those of another envelope: this answer is damaged, or the one from which the media is known, or
    /// the media is another.
    case other
}

/// Compares the envelopes in the answers of one transfer with the one that is known of the media.
struct EnvelopeCheck {
    private var otherCount = 0

    /// Whether the answers agree with each other on another envelope than is known: then it isn't these that are wrong.
    var isOutvoted: Bool { otherCount > 1 }

    /// Why an answer can't be used, but another one may; nil when it can, or it is settled that the media is another.
    mutating func refusal(of head: ResponseHead, for file: MediaFile) -> String? {
        switch file.difference(ofEnvelopeIn: head) {
        case nil:
            return nil
        case .missing?:
            return "answered without the headers of the envelope that the media has"
        case .other?:
            otherCount += 1
            return isOutvoted ? nil : "answered with the headers of another envelope than the media has"
        }
    }

    /// The error of media whose envelope is another.
    static func changed(_ sid: SID) -> MediaError {
        MediaError(.changed, sid, "the media of \(sid) has another envelope than it had")
    }
}
