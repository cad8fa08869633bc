extension EnvelopeMetadata {
    /// The cipher of the content.
    ///
    /// Its names, sizes and properties are here and in ``CiphertextLayout``; ``ContentDecryptor`` and
    /// ``GCMAuthenticator`` do the work. Other modules ask for a property instead of comparing ciphers.
    public enum ContentCipher: Sendable, Hashable, CaseIterable {
        /// AES-256-GCM (NIST SP 800-38D) without additional data; its 16-byte tag follows the content.
        case aes256GCM
        /// AES-256-CBC (NIST SP 800-38A) with PKCS#7 padding (RFC 5652, section 6.3), Java's PKCS5Padding.
        case aes256CBC
    }
}

extension EnvelopeMetadata.ContentCipher {
    /// A row of the table: all properties that differ between ciphers.
    private struct Traits {
        let name, javaName: String
        let digestNumber: UInt8
        let isAuthenticated, isPadded, needsPrecedingBlock: Bool
        let initializationVectorSizes: ClosedRange<Int>
    }

    private var traits: Traits {
        switch self {
        case .aes256GCM:
            Traits(
                name: "aes-256-gcm", javaName: "AES/GCM/NoPadding", digestNumber: 1, isAuthenticated: true,
                isPadded: false, needsPrecedingBlock: false, initializationVectorSizes: 1...128)
        case .aes256CBC:
            Traits(
                name: "aes-256-cbc", javaName: "AES/CBC/PKCS5Padding", digestNumber: 2, isAuthenticated: false,
                isPadded: true, needsPrecedingBlock: true, initializationVectorSizes: 16...16)
        }
    }

    /// The name for users: `aes-256-gcm` or `aes-256-cbc`.
    public var name: String { traits.name }
    /// The name in Java's cryptography architecture, which the S3 encryption client uses.
    var javaName: String { traits.javaName }
    /// The cipher's number in digests of envelopes; it never changes, since the digests name cached ciphertext.
    var digestNumber: UInt8 { traits.digestNumber }
    /// Whether a tag at the end of the ciphertext authenticates the content.
    public var isAuthenticated: Bool { traits.isAuthenticated }
    /// Whether the content ends with padding, which tells the size of the plaintext and verifies a content key.
    public var isPadded: Bool { traits.isPadded }
    /// Whether decrypting an AES block needs the one before it in the ciphertext.
    public var needsPrecedingBlock: Bool { traits.needsPrecedingBlock }
    /// The possible sizes of an initialization vector in bytes; for GCM, those that libcrypto accepts.
    var initializationVectorSizes: ClosedRange<Int> { traits.initializationVectorSizes }

    /// Finds the cipher with a Java name.
    init?(javaName: String) {
        guard let cipher = Self.allCases.first(where: { $0.javaName == javaName }) else { return nil }
        self = cipher
    }

    /// The size of the plaintext, derived from that of the ciphertext, tag included; both in bytes.
    ///
    /// - Returns: nil when only the padding tells it.
    /// - Throws: `truncated` when the ciphertext is shorter than a tag; `invalidMetadata` when it is too large.
    public func plaintextSize(ofCiphertextSize ciphertextSize: Int64) throws(EnvelopeError) -> Int64? {
        switch self {
        case .aes256GCM: try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
        case .aes256CBC: nil
        }
    }
}

extension EnvelopeMetadata {
    /// The size of the plaintext from that of the ciphertext or from a header, which have to agree; all in bytes.
    ///
    /// - Returns: nil when only the padding tells it.
    /// - Throws: `truncated`, `invalidMetadata` for an impossible ciphertext size or one that contradicts the header.
    public func plaintextSize(ofCiphertextSize ciphertextSize: Int64) throws(EnvelopeError) -> Int64? {
        if let size = try cipher.plaintextSize(ofCiphertextSize: ciphertextSize) { return size }
        guard let plaintextSize else { return nil }
        return try CiphertextLayout(cipher: cipher, ciphertextSize: ciphertextSize, plaintextSize: plaintextSize)
            .plaintextSize
    }
}
