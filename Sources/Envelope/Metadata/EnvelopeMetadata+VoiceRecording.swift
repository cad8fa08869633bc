extension EnvelopeMetadata {
    /// Reads the encryption details of a voice recording: AES-256-GCM, its key wrapped with RSAES-OAEP (SHA-256, MGF1
    /// with SHA-256).
    ///
    /// Source: Twilio, "Voice Recording Encryption".
    ///
    /// - Parameters:
    ///   - type: The scheme, `rsa-aes`. `nil` where the resource doesn't say: one of the spellings that Twilio
    ///     documents has no such field.
    ///   - publicKeySID: The public key (`CR…`) that was used.
    ///   - wrappedKeyBase64: The wrapped content key (`encrypted_cek`).
    ///   - initializationVectorBase64: The initialization vector (`iv`), 12 bytes usually.
    /// - Throws: `unsupportedScheme` naming another type; `invalidMetadata`.
    public static func voiceRecording(
        type: String?, publicKeySID: String?, wrappedKeyBase64: String, initializationVectorBase64: String
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        if let type, type != "rsa-aes" {
            throw unsupported("type", type)
        }
        return try EnvelopeMetadata(
            cipher: .aes256GCM, wrapping: .rsaOAEPSHA256,
            wrappedKey: try decode(base64: wrappedKeyBase64, field: "wrapped content key"),
            initializationVector: try decode(base64: initializationVectorBase64, field: "initialization vector"),
            publicKeySID: publicKeySID)
    }
}
