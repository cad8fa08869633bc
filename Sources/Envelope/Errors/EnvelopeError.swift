public import Support

/// Opening an envelope or decrypting its content failed.
///
/// `message` and `cause` never hold key material, passphrases or plaintext, so both may be logged.
public typealias EnvelopeError = CodedError<EnvelopeErrorCode>

/// The reasons for an ``EnvelopeError``.
public enum EnvelopeErrorCode: ErrorCode {
    /// The text isn't PEM, or the PEM is damaged.
    case invalidPEM
    /// The PEM holds no private key but a public key or a certificate.
    case notAPrivateKey
    /// The private key isn't an RSA key of 2048…4096 bits, or libcrypto doesn't support its encryption.
    case unsupportedKey
    /// The private key is encrypted and no passphrase was given.
    case passphraseRequired
    /// The passphrase doesn't open the private key.
    case wrongPassphrase
    /// No private key is tied to the envelope's public key SID, and no other key fits.
    case keyNotHeld
    /// A private key is tied to the envelope's public key SID, but neither it nor any other key fits.
    case wrongKey
    /// A private key fits, but the content's padding or length disagrees: the content or its headers are damaged.
    case contentDamaged
    /// The unwrapped content encryption key isn't 32 bytes long.
    case invalidContentKeyLength
    /// The scheme of the envelope, named in the message, isn't supported.
    case unsupportedScheme
    /// The envelope's metadata is malformed: Base64, the size of the IV or the tag, contradictory sizes.
    case invalidMetadata
    /// A range lies outside of the content or is misaligned: a mistake of the caller.
    case invalidRange
    /// The ciphertext is too short.
    case truncated
    /// The padding of CBC content is malformed: the key is wrong or the content is damaged.
    case invalidPadding
    /// The content doesn't match its tag.
    case authenticationFailed
    /// libcrypto failed unexpectedly; `cause` holds its errors.
    case cryptoFailure

    /// Whether the error is `invalidRange`.
    public var isProgrammingMistake: Bool { self == .invalidRange }
}
