import Envelope
import Transfer
import TwilioAPI

/// Judges whether an answer can be media at all.
///
/// Proxies, captive portals and gateways answer with pages of their own and status 200. An answer that can't be media
/// is a failure that is repeated, whatever its status: its size must not become a file's, and its bytes not its
/// content.
enum MediaAnswerCheck {
    /// Bytes from which the signature of each format is recognised.
    static let signatureSize = 12

    /// Why the head of an answer rules out that it is media, as the end of a sentence about the answer; nil when it
    /// doesn't.
    static func refusal(of head: ResponseHead) -> String? {
        if head.status == 204 { return "answered without content instead of media" }
        if let name = EnvelopeMetadata.contradictoryS3EncryptionClientField(of: head.headers) {
            return "answered with two different headers \(name)"
        }
        // The type ends where its parameters begin (RFC 9110, 8.3.1).
        guard let type = head.headers["Content-Type"]?.split(separator: ";").first?.lowercased() else { return nil }
        let name = type.filter { !$0.isWhitespace }
        guard isText(name) else { return nil }
        return "answered with a page of type \(name.prefix(60)) instead of media"
    }

    private static func isText(_ type: String) -> Bool {
        if type.hasPrefix("text/") || type.hasPrefix("multipart/") { return true }
        return ["json", "xml", "html", "javascript"].contains { type.hasSuffix("/\($0)") || type.hasSuffix("+\($0)") }
    }

    /// Whether a WAVE file is as long as its own header says.
    ///
    /// One that is shorter may be one of which the end hasn't come to the server yet.
    ///
    /// - Parameters:
    ///   - bytes: the first bytes of the file.
    ///   - size: bytes that the server says it has.
    static func completeness(ofWave bytes: [UInt8], size: Int64) -> MediaFacts.Completeness {
        guard bytes.count >= 8, bytes.starts(with: "RIFF".utf8) else { return .whole }
        let told = (0..<4).reduce(Int64(0)) { $0 | Int64(bytes[4 + $1]) << (8 * Int64($1)) }
        // Who writes a stream leaves the greatest number there, or one near it, or nothing.
        guard told > 0, told < Self.sizesOfStreams, told + 8 != size else { return .whole }
        return told + 8 > size + Self.toleratedExcess ? .cut : .uncertain
    }

    /// Whether a resource says that its media is longer than it is.
    ///
    /// Only video's tells a size. Whether that is the plaintext's or the ciphertext's isn't documented, but neither is
    /// more than the server holds.
    ///
    /// - Parameter size: bytes that the server says it has.
    static func isCut(size: Int64, of resource: MediaResource) -> Bool {
        resource.toldSize.map { $0 > size } ?? false
    }

    /// Sizes in RIFF headers from which on they say nothing.
    private static let sizesOfStreams: Int64 = 0x7FFF_FF00

    /// Bytes by which writers of headers are wrong without anything being missing: paddings, the header itself.
    private static let toleratedExcess: Int64 = 64

    /// Why the first bytes rule out that media of a kind, which isn't encrypted, begins with them; nil when they don't.
    ///
    /// Voice is RIFF or, beyond 4 GiB, RF64 (EBU Tech 3306), of the form WAVE. Video is Matroska or WebM, which begin
    /// with an EBML header (RFC 8794, 8.1), or MP4, which begins with the box `ftyp` (ISO/IEC 14496-12, 4.3).
    /// Ciphertext has none of these but by a chance of 1 in 2^32.
    ///
    /// - Parameter bytes: ``signatureSize`` bytes or more; fewer only if the media has no more.
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
