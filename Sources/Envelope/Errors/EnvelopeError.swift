public import Support

/// Says why an envelope couldn't be opened.
///
/// Neither `message` nor `cause` ever holds key material, passphrases or plaintext, so both may be logged.
public struct EnvelopeError: CausedError {
    /// Names the kind of an error.
    ///
    /// A struct and not an enum, so that kinds can be added without breaking anyone's `switch`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case invalidPEM
            case notAPrivateKey
            case unsupportedKey
            case passphraseRequired
            case wrongPassphrase
            case keyNotHeld
            case wrongKey
            case contentDamaged
            case invalidContentKeyLength
            case unsupportedScheme
            case invalidMetadata
            case invalidRange
            case truncated
            case invalidPadding
            case authenticationFailed
            case cryptoFailure
        }

        private let value: Value

        /// Names the code as it is spelled in Swift.
        public var description: String { value.rawValue }

        /// The text isn't PEM, or the PEM is damaged.
        public static let invalidPEM = Self(value: .invalidPEM)
        /// The PEM holds something else than a private key: a public key, a certificate.
        public static let notAPrivateKey = Self(value: .notAPrivateKey)
        /// The private key isn't an RSA key of 2048…4096 bits, or is encrypted in a way that libcrypto doesn't offer.
        public static let unsupportedKey = Self(value: .unsupportedKey)
        /// The private key is encrypted and no passphrase was given.
        public static let passphraseRequired = Self(value: .passphraseRequired)
        /// The passphrase doesn't open the private key.
        public static let wrongPassphrase = Self(value: .wrongPassphrase)
        /// No private key is mapped to the envelope's public key SID, and none of those held fits.
        public static let keyNotHeld = Self(value: .keyNotHeld)
        /// The private key mapped to the envelope's public key SID doesn't fit, nor does any other one held.
        public static let wrongKey = Self(value: .wrongKey)
        /// A private key fits, but padding or length of the content disagree with the content key: the content, or what
        /// its headers say of it, is damaged.
        public static let contentDamaged = Self(value: .contentDamaged)
        /// The unwrapped content encryption key isn't 32 bytes long.
        public static let invalidContentKeyLength = Self(value: .invalidContentKeyLength)
        /// The envelope names a scheme that is not supported; the message says which.
        public static let unsupportedScheme = Self(value: .unsupportedScheme)
        /// The envelope's metadata is malformed: Base64, the size of the IV or the tag, contradicting sizes.
        public static let invalidMetadata = Self(value: .invalidMetadata)
        /// A range handed in lies outside the content or isn't aligned: a mistake of the caller.
        public static let invalidRange = Self(value: .invalidRange)
        /// There is less ciphertext than there must be.
        public static let truncated = Self(value: .truncated)
        /// The padding at the end of CBC content is malformed: a wrong key or damaged content.
        public static let invalidPadding = Self(value: .invalidPadding)
        /// The content doesn't match its tag: it isn't what was sealed.
        public static let authenticationFailed = Self(value: .authenticationFailed)
        /// libcrypto failed where it shouldn't; `cause` has what it said.
        public static let cryptoFailure = Self(value: .cryptoFailure)
    }

    /// The kind of the error.
    public let code: Code

    /// One sentence that says what is wrong, with which thing, and what to do.
    public let message: String

    /// What the error follows from: libcrypto's own words, where it had any.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
