extension EnvelopeMetadata {
    /// Whether both envelopes decrypt ciphertext to the same plaintext.
    public func decryptsLike(_ other: EnvelopeMetadata) -> Bool {
        cipher == other.cipher && wrappedKey == other.wrappedKey && initializationVector == other.initializationVector
    }

    /// The SHA-256 of cipher, initialization vector and wrapped content key, as 64 hexadecimal digits.
    ///
    /// Two envelopes with the same digest decrypt ciphertext to the same plaintext. Throws when libcrypto fails.
    public func digest() throws(EnvelopeError) -> String {
        // Includes the vector's length, so that different envelopes have different bytes.
        let bytes =
            [cipher.digestNumber, UInt8(clamping: initializationVector.count)] + initializationVector + wrappedKey
        return try SHA256.hexadecimal(bytes.span.bytes)
    }
}
