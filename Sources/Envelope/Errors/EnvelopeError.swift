public import Support

/// An envelope can't be opened, or its content can't be decrypted.
///
/// Neither `message` nor `cause` ever holds key material, passphrases or plaintext, so both may be logged.
public typealias EnvelopeError = CodedError<EnvelopeErrorCode>

/// The reasons why an envelope can't be opened, or its content can't be decrypted.
public enum EnvelopeErrorCode: ErrorCode {
    /// The text isn't PEM, or the PEM is damaged.
    case invalidPEM

    /// The PEM holds something else than a private key: a public key, a certificate.
    case notAPrivateKey

    /// The private key isn't an RSA key of 2048…4096 bits, or is encrypted in a way that libcrypto doesn't offer.
    case unsupportedKey

    /// The private key is encrypted and no passphrase was given.
    case passphraseRequired

    /// The passphrase doesn't open the private key.
    case wrongPassphrase

    /// No private key is mapped to the envelope's public key SID, and none of those held fits.
    case keyNotHeld

    /// The private key mapped to the envelope's public key SID doesn't fit, nor does any other one held.
    case wrongKey

    /// A private key fits, but padding or length of the content disagree with the content key: the content, or what
    /// its headers say of it, is damaged.
    case contentDamaged

    /// The unwrapped content encryption key isn't 32 bytes long.
    case invalidContentKeyLength

    /// The envelope names a scheme that is not supported; the message says which.
    case unsupportedScheme

    /// The envelope's metadata is malformed: Base64, the size of the IV or the tag, contradicting sizes.
    case invalidMetadata

    /// A range handed in lies outside the content or isn't aligned: a mistake of the caller.
    case invalidRange

    /// There is less ciphertext than there must be.
    case truncated

    /// The padding at the end of CBC content is malformed: a wrong key or damaged content.
    case invalidPadding

    /// The content doesn't match its tag: it isn't what was sealed.
    case authenticationFailed

    /// libcrypto failed where it shouldn't; `cause` has what it said.
    case cryptoFailure

    /// True for a range that nothing should ask for.
    public var isProgrammingMistake: Bool { self == .invalidRange }
}
