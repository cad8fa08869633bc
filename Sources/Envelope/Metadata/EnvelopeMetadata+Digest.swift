extension EnvelopeMetadata {
    /// Whether this envelope and another decrypt ciphertext to the same plaintext.
    public func decryptsLike(_ other: EnvelopeMetadata) -> Bool {
        cipher == other.cipher && wrappedKey == other.wrappedKey && initializationVector == other.initializationVector
    }

    /// A name of what the content's decryption depends on: cipher, wrapped content key and initialization vector.
    ///
    /// Two envelopes with the same name decrypt ciphertext to the same plaintext.
    ///
    /// - Returns: 64 hexadecimal digits.
    /// - Throws: ``EnvelopeError`` when libcrypto fails.
    public func digest() throws(EnvelopeError) -> String {
        // The vector's length is in it, so that no two envelopes have the same bytes.
        let bytes =
            [cipher.digestNumber, UInt8(clamping: initializationVector.count)] + initializationVector + wrappedKey
        return try SHA256.hexadecimal(bytes.span.bytes)
    }
}
