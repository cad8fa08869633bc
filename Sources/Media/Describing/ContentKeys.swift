import Envelope
import Support
public import TwilioAPI

extension MediaServices {
    /// Unwraps the content key of an envelope.
    ///
    /// A key from PKCS#1 v1.5 is right only if the content's padding agrees: for a wrong private key, newer versions of
    /// libcrypto return random bytes instead of an error (implicit rejection). One in some ten thousand wrong ones is
    /// accepted by chance. Where several private keys may be tried, the content's beginning shows that, and the next
    /// one is tried (``BeginningCheck``).
    func contentKey(
        for metadata: EnvelopeMetadata, facts: MediaFacts, of resource: MediaResource
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        try unwrap(metadata, of: resource) { key in
            guard metadata.cipher.isPadded else { return true }
            return Self.plaintextSize(
                key: key, metadata: metadata, tail: facts.tail, ciphertextSize: facts.ciphertextSize)
                == facts.plaintextSize
        }
    }

    /// The plaintext size of CBC content from its padding.
    func plaintextSizeFromPadding(
        metadata: EnvelopeMetadata, tail: [UInt8], ciphertextSize: Int64, of resource: MediaResource
    ) throws(EnvelopeError) -> Int64 {
        let key = try unwrap(metadata, of: resource) { key in
            Self.plaintextSize(key: key, metadata: metadata, tail: tail, ciphertextSize: ciphertextSize) != nil
        }
        return try ContentDecryptor(key: key, metadata: metadata)
            .plaintextSize(fromPaddingIn: tail.span.bytes, ciphertextSize: ciphertextSize)
    }

    /// Whether the private key of a public key is held for a kind of recording, without trying to open anything.
    ///
    /// - Returns: nil if a held private key may belong to the public key, but hasn't opened a recording that names it.
    func isKeyHeld(_ publicKeySID: String, kind: MediaKind) -> Bool? {
        keys.isHeld(publicKeySID, for: kind.keyUse)
    }

    /// Whether the private key for a resource is held; nil also if the resource names no public key.
    func isKeyHeld(for resource: MediaResource) -> Bool? {
        resource.publicKeySID.flatMap { isKeyHeld($0, kind: resource.kind) }
    }

    /// Logs and returns the error of a recording whose private key isn't held.
    func keyNotHeld(_ resource: MediaResource) -> MediaError {
        let reason = keys.now.ring.absence(publicKeySID: resource.publicKeySID, use: resource.kind.keyUse)
        reportMissingKey(resource, reason)
        return MediaError(.keyNotHeld, resource.sid, "\(resource.sid): \(reason)")
    }

    private func unwrap(
        _ metadata: EnvelopeMetadata, of resource: MediaResource, accepts: (ContentEncryptionKey) -> Bool
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        if let key = keys.contentKey(of: metadata), accepts(key) { return key }
        let held = keys.now
        let rejected = keys.rejectedKeys(of: metadata)
        var rejectedBefore: ContentEncryptionKey?
        let accepts = { (key: ContentEncryptionKey) in
            guard accepts(key) else { return false }
            guard rejected.contains(where: { $0.isSame(as: key) }) else { return true }
            rejectedBefore = rejectedBefore ?? key
            return false
        }
        do throws(EnvelopeError) {
            let isHeld = resource.publicKeySID.map { isKeyHeld($0, kind: resource.kind) } == true
            let key = try held.ring.unwrap(metadata, isProven: isHeld, accepts: accepts)
            let proven = resource.publicKeySID.map { ProvenKey(publicKeySID: $0, use: resource.kind.keyUse) }
            keys.note(key, of: metadata, proving: proven, by: held)
            return key
        } catch {
            if let key = rejectedBefore {
                // No other private key fits: the content was damaged, perhaps on its way.
                keys.forgetRejected(of: metadata)
                keys.note(key, of: metadata, proving: nil, by: held)
                return key
            }
            if error.code == .keyNotHeld || error.code == .wrongKey { reportMissingKey(resource, error.message) }
            throw error
        }
    }

    private static func plaintextSize(
        key: ContentEncryptionKey, metadata: EnvelopeMetadata, tail: [UInt8], ciphertextSize: Int64
    ) -> Int64? {
        try? ContentDecryptor(key: key, metadata: metadata)
            .plaintextSize(fromPaddingIn: tail.span.bytes, ciphertextSize: ciphertextSize)
    }
}

extension EncryptionDetails {
    /// The cipher of media with its envelope in the resource.
    var cipher: EnvelopeMetadata.ContentCipher { EnvelopeMetadata.rsaAESCipher }

    /// The name of the cipher in attributes: `aes-256-gcm`.
    public var encryption: String { cipher.name }
}

extension MediaError {
    /// Translates an error of a recording's envelope or content.
    init(_ error: EnvelopeError, _ sid: SID) {
        let code: Code =
            switch error.code {
            case .keyNotHeld, .wrongKey: .keyNotHeld
            case .authenticationFailed: .authenticationFailed
            case .invalidPadding, .truncated, .contentDamaged: .integrityFailed
            default: .unreadableEnvelope
            }
        self.init(code, sid, "\(sid): \(error.message)", cause: error)
    }
}

extension MediaKind {
    /// The use of a private key that opens media of the kind.
    var keyUse: KeyRing.Use {
        switch envelopePlace {
        case .resource: .voice
        case .media: .video
        }
    }

    /// The name of ``keyUse`` in key declarations.
    public var keyUseName: String { keyUse.rawValue }
}
