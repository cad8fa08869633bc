import Envelope
import Support
import Transfer
import TwilioAPI

/// Checks whether an answer can be media.
///
/// Proxies, captive portals and gateways send pages of their own with status 200. Such an answer is a failure, and the
/// request is repeated: the answer's size must not become a file's size, nor its bytes a file's content.
enum MediaAnswerCheck {
    /// The number of first bytes that contain the signature of every format.
    static let signatureSize = 12

    /// The codings of an answer that has the bytes as they are stored; S3 calls uploads in pieces `aws-chunked`.
    private static let storedCodings: Set = ["", "identity", "aws-chunked"]

    /// The reason that an answer with this head can't be media, as the end of a sentence; nil if it can.
    static func refusal(of head: ResponseHead) -> String? {
        if head.status == 204 { return "answered without content instead of media" }
        if let name = EnvelopeMetadata.contradictoryS3EncryptionClientField(of: head.headers) {
            return "answered with two different headers \(name)"
        }
        if let coding = head.headers["Content-Encoding"]?.lowercased(), !storedCodings.contains(coding) {
            return "answered with content in the coding '\(ForeignText(coding))', which wasn't asked for"
        }
        // Parameters follow the type (RFC 9110, 8.3.1).
        guard let type = head.headers["Content-Type"]?.split(separator: ";").first?.lowercased() else { return nil }
        let name = type.filter { !$0.isWhitespace }
        guard isText(name) else { return nil }
        return "answered with a page of type \(name.prefix(60)) instead of media"
    }

    private static func isText(_ type: String) -> Bool {
        if type.hasPrefix("text/") || type.hasPrefix("multipart/") { return true }
        return ["json", "xml", "html", "javascript"].contains { type.hasSuffix("/\($0)") || type.hasSuffix("+\($0)") }
    }

    /// Whether a WAVE file of `size` bytes is as long as its header says; a shorter one may still be growing.
    static func completeness(ofWave bytes: [UInt8], size: Int64) -> MediaFacts.Completeness {
        guard bytes.count >= 8, bytes.starts(with: "RIFF".utf8) else { return .whole }
        let told = (0..<4).reduce(Int64(0)) { $0 | Int64(bytes[4 + $1]) << (8 * Int64($1)) }
        // A header written to a stream has the largest number, one near it, or 0.
        guard told > 0, told < Self.sizesOfStreams, told + 8 != size else { return .whole }
        return told + 8 > size + Self.toleratedExcess ? .cut : .uncertain
    }

    /// Whether the resource reports more bytes of media than the server has, which is `size`.
    ///
    /// Only resources of video report a size. Twilio doesn't document whether it is the size of the plaintext or of the
    /// ciphertext; neither is larger than complete media on the server.
    static func isCut(size: Int64, of resource: MediaResource) -> Bool {
        resource.toldSize.map { $0 > size } ?? false
    }

    /// The least size in a RIFF header that stands for an unknown size.
    private static let sizesOfStreams: Int64 = 0x7FFF_FF00

    /// The most bytes by which a header may be wrong although no content is missing: padding, the header itself.
    private static let toleratedExcess: Int64 = 64

    /// The reason that unencrypted media of a kind can't begin with these bytes; nil if it can.
    ///
    /// Voice is RIFF or, beyond 4 GiB, RF64 (EBU Tech 3306), of the form WAVE. Video is Matroska or WebM, with an EBML
    /// header (RFC 8794, 8.1), or MP4, with the box `ftyp` (ISO/IEC 14496-12, 4.3). Ciphertext has such a beginning
    /// with a probability of at most 1 in 2^31. `bytes` are ``signatureSize`` or more, or all of the media.
    static func refusal(ofPlaintext bytes: some Sequence<UInt8>, kind: MediaKind) -> String? {
        let bytes = Array(bytes.prefix(signatureSize))
        func has(_ text: String, at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
        let (isRight, format) =
            switch kind.containers {
            case .wave: ((has("RIFF", at: 0) || has("RF64", at: 0)) && has("WAVE", at: 8), "WAVE")
            case .video:
                (bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) || has("ftyp", at: 4), "Matroska, WebM or MP4")
            }
        if isRight { return nil }
        return bytes.isEmpty ? "the media is empty" : "the media doesn't begin as \(format) does"
    }
}
