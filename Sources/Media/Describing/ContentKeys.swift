import Envelope
import TwilioAPI

extension MediaServices {
    /// Opens an envelope.
    ///
    /// A content key from PKCS#1 v1.5 is right only if the padding at the end of the content agrees too: with a wrong
    /// private key, newer versions of libcrypto give random bytes instead of an error (implicit rejection).
    func contentKey(for metadata: EnvelopeMetadata, facts: MediaFacts) throws(EnvelopeError) -> ContentEncryptionKey {
        try unwrap(metadata) { key in
            guard metadata.cipher == .aes256CBC else { return true }
            return Self.plaintextSize(
                key: key, metadata: metadata, tail: facts.tail, ciphertextSize: facts.ciphertextSize)
                == facts.plaintextSize
        }
    }

    /// The plaintext size of CBC content that doesn't tell it, from its padding.
    func plaintextSizeFromPadding(
        metadata: EnvelopeMetadata, tail: [UInt8], ciphertextSize: Int64
    ) throws(EnvelopeError) -> Int64 {
        let key = try unwrap(metadata) { key in
            Self.plaintextSize(key: key, metadata: metadata, tail: tail, ciphertextSize: ciphertextSize) != nil
        }
        return try ContentDecryptor(key: key, metadata: metadata)
            .plaintextSize(fromPaddingIn: tail.span.bytes, ciphertextSize: ciphertextSize)
    }

    /// The error of an envelope, as reading ends with it.
    func mediaError(_ error: EnvelopeError, sid: SID) -> MediaError {
        let code: MediaError.Code =
            switch error.code {
            case .keyNotHeld, .wrongKey: .keyNotHeld
            case .authenticationFailed: .authenticationFailed
            case .invalidPadding, .truncated, .contentDamaged: .integrityFailed
            default: .unreadableEnvelope
            }
        return MediaError(code, sid, "\(sid): \(error.message)", cause: error)
    }

    private func unwrap(
        _ metadata: EnvelopeMetadata, accepts: (ContentEncryptionKey) -> Bool
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        do throws(EnvelopeError) {
            return try keys.unwrap(metadata, accepts: accepts)
        } catch {
            if error.code == .keyNotHeld || error.code == .wrongKey {
                reportMissingKey(metadata.publicKeySID, error)
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
