import Envelope
import Support
import TwilioAPI

/// The content of one file, as it was opened: sizes, content key, authentication.
///
/// Immutable but for its authentication, which has a lock of its own. Its identity tells it from content that the same
/// file has later, even if that is equal.
final class MediaContent: Sendable {
    /// Whether nothing is released before all of it is verified.
    let isStrict: Bool

    /// Bytes of plaintext.
    let plaintextSize: Int64

    /// Bytes of ciphertext that are to be fetched: all but the tag, which is known from the description.
    let contentSize: Int64

    /// Nil when the media isn't encrypted.
    private let decryptor: ContentDecryptor?

    /// Nil when there is no tag.
    let authentication: ContentAuthentication?

    /// The layout, where there is an envelope.
    private let layout: CiphertextLayout?

    /// Content that isn't encrypted.
    init(plaintextSize: Int64) {
        self.plaintextSize = plaintextSize
        contentSize = plaintextSize
        decryptor = nil
        authentication = nil
        layout = nil
        isStrict = false
    }

    /// Content in an envelope.
    ///
    /// - Parameter isStrict: whether nothing is to be released before all of it is verified; where there is no tag,
    ///   that can't be.
    init(
        facts: MediaFacts, metadata: EnvelopeMetadata, key: ContentEncryptionKey, isStrict: Bool
    ) throws(EnvelopeError) {
        self.isStrict = isStrict
        let layout = try CiphertextLayout(
            cipher: metadata.cipher, ciphertextSize: facts.ciphertextSize, plaintextSize: facts.plaintextSize)
        self.layout = layout
        plaintextSize = facts.plaintextSize
        decryptor = try ContentDecryptor(key: key, metadata: metadata)
        guard let tagRange = layout.tagRange else {
            contentSize = facts.ciphertextSize
            authentication = nil
            return
        }
        contentSize = tagRange.lowerBound
        authentication = try ContentAuthentication(
            authenticator: GCMAuthenticator(key: key, metadata: metadata, ciphertextSize: facts.ciphertextSize),
            tag: facts.tail.count >= tagRange.count ? Array(facts.tail.suffix(tagRange.count)) : nil,
            contentSize: contentSize)
    }

    /// The same content, to be fetched and authenticated anew before any of it is released.
    init(again other: MediaContent) {
        isStrict = true
        plaintextSize = other.plaintextSize
        contentSize = other.contentSize
        decryptor = other.decryptor
        authentication = other.authentication.map { ContentAuthentication(again: $0) }
        layout = other.layout
    }

    /// Whether the media is encrypted.
    var isEncrypted: Bool { decryptor != nil }

    /// Whether reads have to wait until all of it is verified.
    var isHeldBack: Bool { isStrict && authentication?.integrity == .unverified }

    /// The ciphertext from which a range of the plaintext is decrypted; both as offsets.
    func ciphertextRange(forPlaintext range: Range<Int64>) -> Range<Int64> {
        layout?.ciphertextRange(forPlaintext: range) ?? range
    }

    /// Whether a block's first byte can only be decrypted with the ciphertext before it.
    var needsPrecedingBlock: Bool { layout?.needsPrecedingBlock ?? false }

    /// Makes plaintext.
    ///
    /// - Parameters:
    ///   - ciphertext: covers the ciphertext range of the plaintext's.
    ///   - ciphertextOffset: where it begins.
    ///   - plaintext: is filled.
    ///   - offset: where the plaintext begins.
    func decrypt(
        _ ciphertext: RawSpan, at ciphertextOffset: Int64, into plaintext: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(EnvelopeError) {
        if let decryptor {
            var span = plaintext.mutableBytes
            try decryptor.decrypt(ciphertext, at: ciphertextOffset, into: &span, at: offset)
        } else {
            ciphertext.withUnsafeBytes { source in
                let start = Int(offset - ciphertextOffset)
                plaintext.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<(start + plaintext.count)]))
            }
        }
    }
}
