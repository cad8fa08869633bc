public import Support

/// The description of an envelope: the cipher of the content, and the content key wrapped with a public key.
///
/// Its sizes have been checked. Nothing has been decrypted, so the wrapped key and the content may be damaged.
public struct EnvelopeMetadata: Sendable, Hashable {
    /// The scheme that wraps the content key with the RSA public key.
    public enum KeyWrapping: Sendable, Hashable {
        /// RSAES-OAEP (RFC 8017) with SHA-256.
        ///
        /// MGF1 uses SHA-256 (Twilio's voice recordings, Bouncy Castle) or SHA-1 (the JDK's own provider). Java has one
        /// name for both: `RSA/ECB/OAEPWithSHA-256AndMGF1Padding`. OAEP detects a wrong guess, so both are tried.
        case rsaOAEPSHA256
        /// The S3 encryption client's `RSA-OAEP-SHA1`: RSAES-OAEP with SHA-1.
        ///
        /// It wraps a length byte, the content key and the cipher's name.
        case rsaOAEPSHA1KEM
        /// RSAES-PKCS1-v1_5 (RFC 8017).
        case rsaPKCS1v15
    }

    /// The cipher of the content.
    public let cipher: ContentCipher
    /// The scheme that wraps the content key.
    public let wrapping: KeyWrapping
    /// The wrapped content key: 256…512 bytes, as long as the RSA modulus.
    public let wrappedKey: [UInt8]
    /// The initialization vector: 16 bytes for CBC, 1…128 for GCM (usually 12).
    public let initializationVector: [UInt8]
    /// The SID (`CR…`) of the public key that Twilio names, if any.
    public let publicKeySID: String?
    /// The size of the plaintext in bytes, from a header.
    public let plaintextSize: Int64?
    /// The sizes of keys wrapped with RSA keys of 2048…4096 bits, in bytes.
    private static let wrappedKeySizes = 256...512

    /// Makes metadata; throws `invalidMetadata` for an impossible size.
    public init(
        cipher: ContentCipher, wrapping: KeyWrapping, wrappedKey: [UInt8], initializationVector: [UInt8],
        publicKeySID: String? = nil, plaintextSize: Int64? = nil
    ) throws(EnvelopeError) {
        guard Self.wrappedKeySizes ~= wrappedKey.count else {
            throw Self.invalid("The wrapped content key has \(wrappedKey.count) bytes instead of 256 to 512")
        }
        let sizes = cipher.initializationVectorSizes
        guard sizes ~= initializationVector.count else {
            let expected = sizes.count == 1 ? "\(sizes.lowerBound)" : "\(sizes.lowerBound) to \(sizes.upperBound)"
            throw Self.invalid(
                "The initialization vector has \(initializationVector.count) bytes instead of \(expected)")
        }
        if let plaintextSize, !Bounds.sizes.contains(plaintextSize) {
            throw Self.invalid("The plaintext can't have a size of \(plaintextSize) bytes")
        }
        self.cipher = cipher
        self.wrapping = wrapping
        self.wrappedKey = wrappedKey
        self.initializationVector = initializationVector
        self.publicKeySID = publicKeySID
        self.plaintextSize = plaintextSize
    }

    /// The error of metadata that contradicts itself or its scheme.
    static func invalid(_ fact: String) -> EnvelopeError {
        EnvelopeError(
            .invalidMetadata,
            "\(fact): the envelope is damaged on its way or at Twilio; fetch it again, and report it if it stays so.")
    }

    /// Decodes a Base64 field.
    static func decode(base64 text: String, field: String) throws(EnvelopeError) -> [UInt8] {
        guard let bytes = Base64.decode(text) else {
            throw invalid("The envelope's \(field) is not valid Base64")
        }
        return bytes
    }

    /// The error of an unsupported scheme; `value` comes from outside and is truncated.
    static func unsupported(_ field: String, _ value: String) -> EnvelopeError {
        EnvelopeError(
            .unsupportedScheme,
            "The envelope's \(field) is \"\(ForeignText(value.prefix(100)))\", which this version can't open: look for a"
                + " newer version.")
    }

    /// Whether both envelopes decrypt ciphertext to the same plaintext.
    public func decryptsLike(_ other: EnvelopeMetadata) -> Bool {
        cipher == other.cipher && wrappedKey == other.wrappedKey && initializationVector == other.initializationVector
    }

    /// The SHA-256 of cipher, initialization vector and wrapped content key, as 64 hexadecimal digits.
    ///
    /// Two envelopes with the same digest decrypt ciphertext to the same plaintext. Throws when libcrypto fails.
    public func digest() throws(EnvelopeError) -> String {
        // The vector's length is included, since otherwise different envelopes could have the same bytes.
        let bytes =
            [cipher.digestNumber, UInt8(clamping: initializationVector.count)] + initializationVector + wrappedKey
        return try SHA256.hexadecimal(bytes.span.bytes)
    }
}
