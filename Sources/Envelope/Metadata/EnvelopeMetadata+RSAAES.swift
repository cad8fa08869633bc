extension EnvelopeMetadata {
    /// The cipher of Twilio's scheme `rsa-aes`.
    public static let rsaAESCipher = ContentCipher.aes256GCM

    /// Reads the encryption details of a voice recording, whose scheme is `rsa-aes`: AES-256-GCM, its key wrapped with
    /// RSAES-OAEP (SHA-256, MGF1 with SHA-256).
    ///
    /// Source: Twilio, "Voice Recording Encryption".
    ///
    /// - Parameters:
    ///   - type: The scheme, `rsa-aes`. `nil` where the resource doesn't say: one of the spellings that Twilio
    ///     documents has no such field, and there is only one scheme.
    ///   - publicKeySID: The public key (`CR…`) that was used.
    ///   - wrappedKeyBase64: The wrapped content key (`encrypted_cek`).
    ///   - initializationVectorBase64: The initialization vector (`iv`), 12 bytes usually.
    /// - Throws: `unsupportedScheme` naming another type; `invalidMetadata`.
    public static func rsaAES(
        type: String?, publicKeySID: String?, wrappedKeyBase64: String, initializationVectorBase64: String
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        if let type, type != "rsa-aes" {
            throw unsupported("type", type)
        }
        return try EnvelopeMetadata(
            cipher: rsaAESCipher, wrapping: .rsaOAEPSHA256,
            wrappedKey: try decode(base64: wrappedKeyBase64, field: "wrapped content key"),
            initializationVector: try decode(base64: initializationVectorBase64, field: "initialization vector"),
            publicKeySID: publicKeySID)
    }
}
