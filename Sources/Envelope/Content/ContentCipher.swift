extension EnvelopeMetadata {
    /// Names how the content is encrypted.
    ///
    /// What follows from a cipher, its names and its sizes, is here and in ``CiphertextLayout``; ``ContentDecryptor``
    /// and ``GCMAuthenticator`` do the work. Other modules ask for a property by its name.
    public enum ContentCipher: Sendable, Hashable {
        /// AES-256-GCM (NIST SP 800-38D) without additional data, its 16-byte tag appended to the content.
        case aes256GCM
        /// AES-256-CBC (NIST SP 800-38A) with PKCS#7 padding (RFC 5652, section 6.3), which Java calls PKCS5Padding.
        case aes256CBC
    }
}

extension EnvelopeMetadata.ContentCipher {
    /// The name that people are shown: `aes-256-gcm` or `aes-256-cbc`.
    public var name: String {
        switch self {
        case .aes256GCM: "aes-256-gcm"
        case .aes256CBC: "aes-256-cbc"
        }
    }

    /// The name that Java's cryptography architecture, and so the S3 encryption client, has for the cipher.
    var javaName: String {
        switch self {
        case .aes256GCM: "AES/GCM/NoPadding"
        case .aes256CBC: "AES/CBC/PKCS5Padding"
        }
    }

    /// Finds the cipher that Java calls so.
    init?(javaName: String) {
        switch javaName {
        case Self.aes256GCM.javaName: self = .aes256GCM
        case Self.aes256CBC.javaName: self = .aes256CBC
        default: return nil
        }
    }

    /// The number that stands for the cipher in digests of envelopes, which name cached ciphertext: never changed.
    var digestNumber: UInt8 {
        switch self {
        case .aes256GCM: 1
        case .aes256CBC: 2
        }
    }

    /// Whether a tag at the end of the ciphertext proves what the content is.
    public var isAuthenticated: Bool {
        switch self {
        case .aes256GCM: true
        case .aes256CBC: false
        }
    }

    /// Whether padding at the end of the content tells the size of the plaintext, and whether a content key is right.
    public var isPadded: Bool {
        switch self {
        case .aes256GCM: false
        case .aes256CBC: true
        }
    }

    /// Whether decrypting a block needs the ciphertext block before it.
    public var needsPrecedingBlock: Bool {
        switch self {
        case .aes256GCM: false
        case .aes256CBC: true
        }
    }

    /// The sizes that an initialization vector can have, in bytes: for GCM, those that libcrypto takes.
    var initializationVectorSizes: ClosedRange<Int> {
        switch self {
        case .aes256GCM: 1...128
        case .aes256CBC: 16...16
        }
    }

    /// The size of the plaintext where it follows from that of the ciphertext, tag included; both in bytes.
    ///
    /// - Returns: `nil` when it doesn't follow: the padding tells.
    /// - Throws: `truncated` when the ciphertext is shorter than a tag; `invalidMetadata` when the cipher can't have
    ///   made it.
    public func plaintextSize(ofCiphertextSize ciphertextSize: Int64) throws(EnvelopeError) -> Int64? {
        switch self {
        case .aes256GCM: try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
        case .aes256CBC: nil
        }
    }
}

extension EnvelopeMetadata {
    /// The size of the plaintext, from that of the ciphertext or from a header, which have to agree; all in bytes.
    ///
    /// - Returns: `nil` when neither tells: the padding does.
    /// - Throws: `truncated`, `invalidMetadata` when the cipher can't have made the ciphertext, or can't have made it
    ///   of plaintext of the size that the header tells.
    public func plaintextSize(ofCiphertextSize ciphertextSize: Int64) throws(EnvelopeError) -> Int64? {
        if let size = try cipher.plaintextSize(ofCiphertextSize: ciphertextSize) { return size }
        guard let plaintextSize else { return nil }
        return try CiphertextLayout(cipher: cipher, ciphertextSize: ciphertextSize, plaintextSize: plaintextSize)
            .plaintextSize
    }
}
