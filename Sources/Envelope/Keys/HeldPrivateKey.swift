/// A private key that can be used, wherever its secret numbers are: in this process or in another.
public protocol HeldPrivateKey: AnyObject, Sendable {
    /// The SHA-256 of the public key (SubjectPublicKeyInfo in DER), as 64 lower-case hexadecimal digits.
    var publicKeyFingerprint: String { get }

    /// Whether the key can still be used; false once the process that holds it has ended.
    var isAvailable: Bool { get }

    /// Unwraps a content key.
    ///
    /// - Throws: Only what depends neither on the private key nor on the envelope.
    func unwrap(_ wrapped: WrappedKey) throws(EnvelopeError) -> KeyUnwrapping

    /// Signs a SHA-256 with RSASSA-PKCS1-v1_5 (RFC 8017; `RS256` of RFC 7518).
    ///
    /// - Parameter digest: 32 bytes.
    func signature(ofSHA256 digest: [UInt8]) throws(EnvelopeError) -> [UInt8]
}

extension HeldPrivateKey {
    /// Signs a message, of which only the SHA-256 reaches the private key.
    public func signature(of message: RawSpan) throws(EnvelopeError) -> [UInt8] {
        try signature(ofSHA256: SHA256.digest(message))
    }
}

/// The result of an attempt to unwrap a content key.
public enum KeyUnwrapping: Sendable {
    /// The private key fits; for RSAES-PKCS1-v1_5 this is uncertain, see ``KeyRing``.
    case unwrapped(ContentEncryptionKey)
    /// The private key doesn't fit.
    case notFitting(cause: (any Error)?)
    /// The private key fits, proved by OAEP, but the result isn't a content key.
    case malformed(MalformedKey)

    /// What a private key has unwrapped in the place of a content key.
    public enum MalformedKey: Sendable, Hashable {
        /// A key of so many bytes.
        case length(Int)
        /// A key for another cipher than the envelope names.
        case otherCipher

        /// The error of an envelope with such a key.
        func error(of wrapped: WrappedKey) -> EnvelopeError {
            switch self {
            case .length(let count): ContentEncryptionKey.invalidLength(count)
            case .otherCipher:
                EnvelopeMetadata.invalid(
                    "The content key was wrapped for another cipher than \(wrapped.cipher.javaName), which the headers"
                        + " name")
            }
        }
    }
}
