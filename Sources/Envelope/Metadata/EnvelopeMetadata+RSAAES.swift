extension EnvelopeMetadata {
    /// The cipher of Twilio's scheme `rsa-aes`.
    public static let rsaAESCipher = ContentCipher.aes256GCM

    /// Reads the encryption details of a voice recording (scheme `rsa-aes`).
    ///
    /// The scheme is AES-256-GCM with a key wrapped by RSAES-OAEP (SHA-256, MGF1 with SHA-256). Source: Twilio, "Voice
    /// Recording Encryption".
    ///
    /// - Parameters:
    ///   - type: `rsa-aes`, or nil where the resource lacks the field, as in one of the documented spellings.
    ///   - publicKeySID: The SID (`CR…`) of the public key.
    ///   - wrappedKeyBase64: The wrapped content key (`encrypted_cek`).
    ///   - initializationVectorBase64: The initialization vector (`iv`), usually 12 bytes.
    /// - Throws: `unsupportedScheme` with the name of another type; `invalidMetadata`.
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
