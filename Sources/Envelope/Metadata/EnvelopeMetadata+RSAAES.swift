extension EnvelopeMetadata {
    /// The cipher of Twilio's scheme `rsa-aes`.
    public static let rsaAESCipher = ContentCipher.aes256GCM

    /// Reads the encryption details of a voice recording (scheme `rsa-aes`).
    ///
    /// The scheme is AES-256-GCM with a key wrapped by RSAES-OAEP (SHA-256, MGF1 with SHA-256). Source: Twilio, "Voice
    /// Recording Encryption".
    ///
    /// - Parameters:
    ///   - type: The resource's `type`, which must be `rsa-aes`; nil if the resource lacks the field.
    ///   - publicKeySID: The SID (`CR…`) of the public key.
    ///   - wrappedKeyBase64: The wrapped content key (`encrypted_cek`).
    ///   - initializationVectorBase64: The initialization vector (`iv`), usually 12 bytes.
    /// - Throws: `unsupportedScheme` for any other type; `invalidMetadata` for malformed Base64 or impossible sizes.
    public static func rsaAES(
        type: String?, publicKeySID: String?, wrappedKeyBase64: String, initializationVectorBase64: String
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        if let type, type != "rsa-aes" { throw unsupported("type", type) }
        return try EnvelopeMetadata(
            cipher: rsaAESCipher, wrapping: .rsaOAEPSHA256,
            wrappedKey: try decode(base64: wrappedKeyBase64, field: "wrapped content key"),
            initializationVector: try decode(base64: initializationVectorBase64, field: "initialization vector"),
            publicKeySID: publicKeySID)
    }
}
