import COpenSSL
import Support

/// A block of a PEM file (RFC 7468; RFC 1421 for the older headers), decoded onto the secure heap.
struct PEMBlock: ~Copyable {
    /// The text between `BEGIN` and the dashes: "RSA PRIVATE KEY".
    let label: String
    /// The headers before the Base64, a C string: `Proc-Type` and `DEK-Info` of the older encryption.
    private let header: UnsafeMutablePointer<CChar>
    /// The decoded DER, encrypted if a header says so.
    private let contents: UnsafeMutablePointer<UInt8>
    /// The size of `contents` as allocated by libcrypto, in bytes.
    private let count: Int

    deinit {
        CRYPTO_secure_free(header, nil, 0)
        CRYPTO_secure_clear_free(contents, count, nil, 0)
    }

    /// Whether a header declares the older, OpenSSL-specific encryption.
    var hasEncryptionHeader: Bool { String(cString: header).contains("ENCRYPTED") }

    /// Reads the next block, skipping text before it; nil when none is left.
    ///
    /// - Throws: `invalidPEM` for a damaged block.
    static func next(from source: OpaquePointer) throws(EnvelopeError) -> PEMBlock? {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var contents: UnsafeMutablePointer<UInt8>?
        var count = 0
        ERR_clear_error()
        let flags = UInt32(PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE)
        let result = PEM_read_bio_ex(source, &name, &header, &contents, &count, flags)
        guard result == 1, let name, let header, let contents else {
            let cause = LibcryptoError.drain()
            if cause.contains(library: Int32(ERR_LIB_PEM), reason: PEM_R_NO_START_LINE) { return nil }
            throw EnvelopeError(
                .invalidPEM, "The PEM text is damaged, perhaps cut off: give the private key file as it was made.",
                cause: cause)
        }
        defer { CRYPTO_secure_free(name, nil, 0) }
        return PEMBlock(label: String(cString: name), header: header, contents: contents, count: count)
    }

    /// Removes the older encryption in place and runs `body` with the DER.
    ///
    /// - Throws: `passphraseRequired`, `wrongPassphrase`, or `unsupportedKey` when libcrypto lacks the cipher.
    consuming func withDecryptedContents<Result>(
        passphrase: SecretBytes?, _ body: (UnsafeBufferPointer<UInt8>) throws(EnvelopeError) -> Result
    ) throws(EnvelopeError) -> Result {
        var length = count
        if hasEncryptionHeader {
            guard let passphrase else { throw PrivateKey.passphraseRequired }
            length = try decryptInPlace(passphrase: passphrase)
        }
        return try body(UnsafeBufferPointer(start: contents, count: length))
    }

    private func decryptInPlace(passphrase: SecretBytes) throws(EnvelopeError) -> Int {
        ERR_clear_error()
        var information = EVP_CIPHER_INFO()
        guard PEM_get_EVP_CIPHER_INFO(header, &information) == 1 else {
            throw PrivateKey.unsupportedEncryption(cause: LibcryptoError.drain())
        }
        var length = count
        let result = passphrase.withUnsafeBytes { bytes in
            // libcrypto calls back before it returns, so the pointer to `bytes` stays valid.
            var bytes = bytes
            return PEM_do_header(&information, contents, &length, copyPassphrase, &bytes)
        }
        guard result == 1, 0...count ~= length else {
            throw PrivateKey.wrongPassphrase(cause: LibcryptoError.drain())
        }
        return length
    }
}

/// Passes a passphrase to libcrypto; `context` points to an `UnsafeRawBufferPointer`.
///
/// - Returns: The passphrase's length in bytes, or -1 when it is longer than `size` bytes.
private func copyPassphrase(
    destination: UnsafeMutablePointer<CChar>?, size: Int32, isWriting: Int32, context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let destination, let passphrase = context?.load(as: UnsafeRawBufferPointer.self), passphrase.count <= size
    else { return -1 }
    UnsafeMutableRawBufferPointer(start: destination, count: Int(size)).copyMemory(from: passphrase)
    return Int32(passphrase.count)
}
