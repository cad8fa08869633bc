/// The start of GCM's counter.
enum GCMCounter {
    /// The counter block of the content's first block: inc32(J₀) (NIST SP 800-38D, section 7.1).
    ///
    /// A 96-bit initialization vector is followed by the number 2. Any other vector is hashed: libcrypto encrypts a
    /// block of zeros, which yields the encrypted counter block, and that is decrypted.
    static func first(
        initializationVector: [UInt8], key: ContentEncryptionKey
    ) throws(EnvelopeError) -> Block {
        if initializationVector.count == 12 { return Block(initializationVector.span).incremented(by: 2) }
        var encrypted = Block.zero
        try initializationVector.span.bytes.withUnsafeBytes { (vector) throws(EnvelopeError) in
            var context = try CipherContext(.gcm, .encrypt, key: key, initializationVector: vector)
            var zero = Block.zero
            try withUnsafeBytes(of: &zero.bigEndian) { (source) throws(EnvelopeError) in
                try withUnsafeMutableBytes(of: &encrypted.bigEndian) { (destination) throws(EnvelopeError) in
                    try context.update(source, into: destination)
                }
            }
        }
        return try encrypted.applying(.decrypt, key: key)
    }
}
