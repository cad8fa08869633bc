import Envelope
import Support
public import TwilioAPI

extension MediaServices {
    /// Opens an envelope.
    ///
    /// A content key from PKCS#1 v1.5 is right only if the padding at the end of the content agrees too: with a wrong
    /// private key, newer versions of libcrypto give random bytes instead of an error (implicit rejection).
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

    /// The plaintext size of CBC content that doesn't tell it, from its padding.
    func plaintextSizeFromPadding(
        metadata: EnvelopeMetadata, tail: [UInt8], ciphertextSize: Int64, of resource: MediaResource
    ) throws(EnvelopeError) -> Int64 {
        let key = try unwrap(metadata, of: resource) { key in
            Self.plaintextSize(key: key, metadata: metadata, tail: tail, ciphertextSize: ciphertextSize) != nil
        }
        return try ContentDecryptor(key: key, metadata: metadata)
            .plaintextSize(fromPaddingIn: tail.span.bytes, ciphertextSize: ciphertextSize)
    }

    /// Whether the private key of a public key is held, without an attempt to open anything.
    ///
    /// - Parameter kind: of the recordings; a key may be declared for one of them.
    /// - Returns: nil when keys are held that may be the one, and none has opened a recording that names the public
    ///   key.
    func isKeyHeld(_ publicKeySID: String, kind: MediaKind) -> Bool? {
        let use = kind.keyUse
        let isProven = keyStandings.withLock { standings in
            standings.isHeld(publicKeySID, use: use)
                || keys.allMayHold(publicKeySID: publicKeySID, use: use)
                    && KeyRing.Use.allCases.contains { standings.isHeld(publicKeySID, use: $0) }
        }
        if isProven { return true }
        return keys.mayHold(publicKeySID: publicKeySID, use: use) ? nil : false
    }

    /// The same of the public key that a resource names; nil when it names none.
    func isKeyHeld(for resource: MediaResource) -> Bool? {
        resource.publicKeySID.flatMap { isKeyHeld($0, kind: resource.kind) }
    }

    /// The error of a recording whose private key is known not to be held.
    func keyNotHeld(_ resource: MediaResource) -> MediaError {
        let reason = keys.absence(publicKeySID: resource.publicKeySID, use: resource.kind.keyUse)
        reportMissingKey(resource, reason)
        return MediaError(.keyNotHeld, resource.sid, "\(resource.sid): \(reason)")
    }

    private func unwrap(
        _ metadata: EnvelopeMetadata, of resource: MediaResource, accepts: (ContentEncryptionKey) -> Bool
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        if let key = contentKeys.withLock({ $0.key(of: metadata) }), accepts(key) { return key }
        do throws(EnvelopeError) {
            let key = try keys.unwrap(metadata, accepts: accepts)
            contentKeys.withLock { $0.insert(key, of: metadata) }
            if let sid = resource.publicKeySID {
                keyStandings.withLock { $0.noteHeld(sid, use: resource.kind.keyUse) }
            }
            return key
        } catch {
            if error.code == .keyNotHeld || error.code == .wrongKey {
                reportMissingKey(resource, error.message)
            }
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
    /// The cipher of media whose envelope is in its resource.
    var cipher: EnvelopeMetadata.ContentCipher { EnvelopeMetadata.rsaAESCipher }

    /// How the media is encrypted, as attributes tell it: `aes-256-gcm`.
    public var encryption: String { cipher.name }
}

extension MediaError {
    /// The error with which reading a recording ends when its envelope or its content has one.
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
    /// For what a private key has to be held to open media of the kind.
    var keyUse: KeyRing.Use {
        switch envelopePlace {
        case .resource: .voice
        case .media: .video
        }
    }

    /// The word with which a private key is declared for media of the kind.
    public var keyUseName: String { keyUse.rawValue }
}
