public import Support

/// An error of a private key, an envelope or the decryption of content.
///
/// `message` and `cause` never hold key material, passphrases or plaintext, so both may be logged.
public typealias EnvelopeError = CodedError<EnvelopeErrorCode>

/// The reasons for an ``EnvelopeError``.
public enum EnvelopeErrorCode: ErrorCode {
    /// The text isn't PEM, or the PEM is damaged.
    case invalidPEM
    /// The PEM holds other blocks, such as a public key or a certificate, but no private key.
    case notAPrivateKey
    /// The private key isn't an RSA key of 2048…4096 bits, or libcrypto doesn't support its encryption.
    case unsupportedKey
    /// The private key is encrypted and no passphrase was given.
    case passphraseRequired
    /// The passphrase doesn't open the private key.
    case wrongPassphrase
    /// No private key is tied to the envelope's public key SID, and no other private key fits.
    case keyNotHeld
    /// A private key is tied to the envelope's public key SID, but neither it nor any other private key fits.
    case wrongKey
    /// A private key fits, but the content's padding or length disagrees: the content or its headers are damaged.
    case contentDamaged
    /// The unwrapped content encryption key isn't 32 bytes long.
    case invalidContentKeyLength
    /// The scheme of the envelope, named in the message, isn't supported.
    case unsupportedScheme
    /// The envelope's metadata has malformed Base64, an impossible size, or sizes that contradict each other.
    case invalidMetadata
    /// A range is misaligned, lies outside of the content, or was absorbed in part before: a mistake of the caller.
    case invalidRange
    /// The ciphertext is incomplete.
    case truncated
    /// The padding of CBC content is malformed: the content key is wrong or the content is damaged.
    case invalidPadding
    /// The content doesn't match its tag.
    case authenticationFailed
    /// The process that holds the private keys has ended, or doesn't answer.
    case keyProcessEnded
    /// libcrypto failed unexpectedly; `cause` holds its errors.
    case cryptoFailure

    /// Whether the error is a mistake of the caller: true for `invalidRange` only.
    public var isProgrammingMistake: Bool { self == .invalidRange }
}
