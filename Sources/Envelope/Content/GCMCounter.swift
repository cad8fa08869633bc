/// Where GCM's counter starts.
enum GCMCounter {
    /// The counter block that the content's first block is encrypted with: inc32(J₀) (NIST SP 800-38D, section 7.1).
    ///
    /// For an initialization vector of 96 bits it is the vector followed by 2. Any other one is hashed; rather than
    /// hashing here, libcrypto encrypts a block of zeros, which yields the encrypted counter block, and that is
    /// decrypted.
    static func first(
        initializationVector: [UInt8], key: ContentEncryptionKey
    ) throws(EnvelopeError) -> Block {
        if initializationVector.count == 12 {
            return Block(initializationVector.span).incremented(by: 2)
        }
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
