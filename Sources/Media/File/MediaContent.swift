import Envelope
import Support
import TwilioAPI

/// The opened content of one file: sizes, content key, authentication.
///
/// Immutable except for the authentication, which has its own lock. Contents are compared by identity.
final class MediaContent: Sendable {
    /// Whether to release nothing before all of it is verified.
    let isStrict: Bool

    /// The facts from which it was made; nil in tests that need none.
    ///
    /// Those of the file may be doubted or replaced while fetches of this content are under way.
    let facts: MediaFacts?

    /// The plaintext size in bytes.
    let plaintextSize: Int64

    /// Bytes of ciphertext to fetch: all but the tag, which the description has.
    let contentSize: Int64

    /// Nil when the media isn't encrypted.
    private let decryptor: ContentDecryptor?

    /// Nil when there is no tag.
    let authentication: ContentAuthentication?

    /// Whether there is a tag that the description doesn't have: only a stream of everything brings it.
    let lacksTag: Bool

    /// The check of the first bytes; nil if there is nothing to be found out by it.
    let beginning: BeginningCheck?

    /// Nil when the media isn't encrypted.
    private let layout: CiphertextLayout?

    /// Makes unencrypted content.
    init(plaintextSize: Int64, facts: MediaFacts? = nil) {
        self.facts = facts
        self.plaintextSize = plaintextSize
        contentSize = plaintextSize
        decryptor = nil
        authentication = nil
        lacksTag = false
        beginning = nil
        layout = nil
        isStrict = false
    }

    /// Makes content in an envelope; `isStrict` has no effect without a tag, `checksBeginning` none with one.
    init(
        facts: MediaFacts, metadata: EnvelopeMetadata, key: ContentEncryptionKey, isStrict: Bool,
        checksBeginning: Bool = false
    ) throws(EnvelopeError) {
        let hasBeginning = facts.plaintextSize >= BeginningCheck.range.upperBound
        beginning =
            checksBeginning && metadata.cipher.isPadded && metadata.wrapping == .rsaPKCS1v15 && hasBeginning
            ? BeginningCheck(metadata: metadata, key: key) : nil
        self.isStrict = isStrict
        self.facts = facts
        let layout = try CiphertextLayout(
            cipher: metadata.cipher, ciphertextSize: facts.ciphertextSize, plaintextSize: facts.plaintextSize)
        self.layout = layout
        plaintextSize = facts.plaintextSize
        decryptor = try ContentDecryptor(key: key, metadata: metadata)
        guard let tagRange = layout.tagRange else {
            contentSize = facts.ciphertextSize
            authentication = nil
            lacksTag = false
            return
        }
        contentSize = tagRange.lowerBound
        lacksTag = facts.tail.count < tagRange.count
        authentication = try ContentAuthentication(
            authenticator: GCMAuthenticator(key: key, metadata: metadata, ciphertextSize: facts.ciphertextSize),
            tag: lacksTag ? nil : Array(facts.tail.suffix(tagRange.count)),
            contentSize: contentSize)
    }

    /// Makes the same content, to fetch and authenticate again before any release.
    init(again other: MediaContent) {
        isStrict = true
        facts = other.facts
        beginning = other.beginning
        plaintextSize = other.plaintextSize
        contentSize = other.contentSize
        decryptor = other.decryptor
        lacksTag = other.lacksTag
        authentication = other.authentication.map { ContentAuthentication(again: $0) }
        layout = other.layout
    }

    var isEncrypted: Bool { decryptor != nil }

    /// Whether reads must wait for the verification.
    var isHeldBack: Bool { isStrict && authentication?.integrity == .unverified }

    /// The ciphertext range needed to decrypt a plaintext range.
    func ciphertextRange(forPlaintext range: Range<Int64>) -> Range<Int64> {
        layout?.ciphertextRange(forPlaintext: range) ?? range
    }

    /// Whether decrypting a block needs the 16 bytes of ciphertext before it.
    var needsPrecedingBlock: Bool { layout?.needsPrecedingBlock ?? false }

    /// Decrypts ciphertext that begins at `ciphertextOffset` into plaintext that begins at `offset`.
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
