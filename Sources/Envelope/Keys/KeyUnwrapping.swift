import COpenSSL
public import Support

/// Unwraps content keys with one private key.
///
/// A refusal of libcrypto means that the private key doesn't fit. Only failures that depend neither on the private key
/// nor on the envelope are thrown.
extension PrivateKey {
    /// Unwraps a content key.
    public func unwrap(_ wrapped: WrappedKey) throws(EnvelopeError) -> KeyUnwrapping {
        // RFC 8017 requires a ciphertext as long as the modulus; libcrypto accepts shorter ones.
        guard wrapped.bytes.count == modulusByteCount else { return .notFitting(cause: nil) }
        switch wrapped.wrapping {
        case .rsaPKCS1v15:
            return try unwrapPKCS1v15(wrapped.bytes)
        case .rsaOAEPSHA256:
            let first = try unwrapOAEP(wrapped.bytes, digest: EVP_sha256(), maskDigest: EVP_sha256())
            guard case .notFitting = first else { return first }
            return try unwrapOAEP(wrapped.bytes, digest: EVP_sha256(), maskDigest: EVP_sha1())
        case .rsaOAEPSHA1KEM:
            return try unwrapOAEP(
                wrapped.bytes, digest: EVP_sha1(), maskDigest: EVP_sha1(), cipher: wrapped.cipher)
        }
    }

    /// Unwraps with implicit rejection: bytes with another padding count as a message that follows from them and from
    /// the private key, so that an answer doesn't tell whether the padding was right.
    ///
    /// libcrypto does that from OpenSSL 3.2 on. Here it is done in any case, and what is needed for it is computed also
    /// when it isn't, so that both take the same time. As in OpenSSL, the message may have any length; that of a
    /// content key is one of more than 200.
    private func unwrapPKCS1v15(_ wrappedKey: [UInt8]) throws(EnvelopeError) -> KeyUnwrapping {
        let substitute = try rejection.substitute(for: wrappedKey)
        let decryption = try decrypt(wrappedKey, padding: RSA_PKCS1_PADDING)
        let message = if case .decrypted(let bytes, let count) = decryption { (bytes, count) } else { substitute }
        // No cause is told, since it would differ.
        guard message.1 == ContentEncryptionKey.size else { return .notFitting(cause: nil) }
        return .unwrapped(try message.0.contentEncryptionKey(at: 0))
    }

    /// - Parameter cipher: For the S3 encryption client's form, in which the cipher's name follows the content key.
    private func unwrapOAEP(
        _ wrappedKey: [UInt8], digest: OpaquePointer?, maskDigest: OpaquePointer?,
        cipher: EnvelopeMetadata.ContentCipher? = nil
    ) throws(EnvelopeError) -> KeyUnwrapping {
        switch try decrypt(wrappedKey, padding: RSA_PKCS1_OAEP_PADDING, digest: digest, maskDigest: maskDigest) {
        case .refused(let cause):
            return .notFitting(cause: cause)
        case .decrypted(let bytes, let count):
            if let cipher { return try unwrapNamed(bytes, count: count, cipher: cipher) }
            guard count == ContentEncryptionKey.size else { return .malformed(.length(count)) }
            return .unwrapped(try bytes.contentEncryptionKey(at: 0))
        }
    }

    /// Parses a length byte, the content key, and the name of the only cipher that the content key is for.
    private func unwrapNamed(
        _ bytes: SecretBytes, count: Int, cipher: EnvelopeMetadata.ContentCipher
    ) throws(EnvelopeError) -> KeyUnwrapping {
        // Some clients in other languages wrap the content key alone. The length distinguishes the two forms.
        if count == ContentEncryptionKey.size { return .unwrapped(try bytes.contentEncryptionKey(at: 0)) }
        let keySize = bytes.withUnsafeBytes { count > 0 ? Int($0[0]) : 0 }
        guard keySize == ContentEncryptionKey.size else { return .malformed(.length(keySize)) }
        guard count > 1 + keySize else { return .malformed(.length(count - 1)) }
        let namesCipher = bytes.withUnsafeBytes { $0[(1 + keySize)..<count].elementsEqual(cipher.javaName.utf8) }
        guard namesCipher else { return .malformed(.otherCipher) }
        return .unwrapped(try bytes.contentEncryptionKey(at: 1))
    }

    private enum Decryption {
        /// The first `count` bytes are the decrypted text.
        case decrypted(SecretBytes, count: Int)
        case refused(LibcryptoError)
    }

    private func decrypt(
        _ wrappedKey: [UInt8], padding: Int32, digest: OpaquePointer? = nil, maskDigest: OpaquePointer? = nil
    ) throws(EnvelopeError) -> Decryption {
        try withHandle { (handle) throws(EnvelopeError) -> Decryption in
            ERR_clear_error()
            guard let context = EVP_PKEY_CTX_new_from_pkey(nil, handle, nil) else {
                throw LibcryptoError.failure("EVP_PKEY_CTX_new_from_pkey")
            }
            defer { EVP_PKEY_CTX_free(context) }
            guard EVP_PKEY_decrypt_init(context) == 1, EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 else {
                throw LibcryptoError.failure("EVP_PKEY_decrypt_init")
            }
            if let digest, let maskDigest {
                guard
                    EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1,
                    EVP_PKEY_CTX_set_rsa_mgf1_md(context, maskDigest) == 1
                else {
                    throw LibcryptoError.failure("EVP_PKEY_CTX_set_rsa_oaep_md")
                }
            }
            var count = modulusByteCount
            var result: Int32 = 0
            // The result is at most as long as the modulus.
            let bytes = SecretBytes(count: count) { memory in
                let destination = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
                result = EVP_PKEY_decrypt(context, destination, &count, wrappedKey, wrappedKey.count)
            }
            guard result == 1, 0...bytes.count ~= count else {
                let cause = LibcryptoError.drain()
                guard !cause.contains(reason: Int32(ERR_R_MALLOC_FAILURE)) else {
                    throw EnvelopeError(
                        .cryptoFailure, "libcrypto ran out of memory while it unwrapped a content key.", cause: cause)
                }
                return .refused(cause)
            }
            return .decrypted(bytes, count: count)
        }
    }
}

extension SecretBytes {
    /// Copies the 32 bytes at `offset`, which are within bounds, into a content key.
    fileprivate func contentEncryptionKey(at offset: Int) throws(EnvelopeError) -> ContentEncryptionKey {
        try ContentEncryptionKey(
            withUnsafeBytes { SecretBytes($0[offset..<(offset + ContentEncryptionKey.size)]) })
    }
}
