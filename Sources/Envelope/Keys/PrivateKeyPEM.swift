import COpenSSL
import Support

/// Finds and decodes the private key in a PEM file.
///
/// It doesn't use `PEM_read_bio_PrivateKey`, so that each fault of a file has its own error and the decoded key stays
/// on the secure heap.
enum PrivateKeyPEM {
    /// The label of encrypted PKCS#8 (RFC 7468, section 11).
    static let encryptedLabel = "ENCRYPTED PRIVATE KEY"
    /// The label of plain PKCS#8 (RFC 7468, section 10).
    private static let plainLabel = "PRIVATE KEY"
    /// The label of PKCS#1, which OpenSSL before 3.0 writes.
    private static let traditionalLabel = "RSA PRIVATE KEY"
    /// The size limit of the file in bytes; a key of 4096 bits takes 3300, and a long chain of certificates fits too.
    private static let largestSize = 1 << 20
    /// The byte order mark that some editors write.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Finds the first private key.
    ///
    /// - Throws: `invalidPEM` without any PEM block; `notAPrivateKey` when there are only other PEM blocks.
    static func privateKeyBlock(of pem: SecretBytes) throws(EnvelopeError) -> PEMBlock {
        SecureHeap.initialize()
        guard 1...largestSize ~= pem.count else {
            throw EnvelopeError(
                .invalidPEM,
                pem.count == 0
                    ? "The private key file is empty: give the PEM file that holds the private key."
                    : "The private key file has \(pem.count) bytes, far too many: give the PEM file of the private key."
            )
        }
        // `pem` outlives the BIO, which reads its memory without copying.
        return try pem.withUnsafeBytes { (bytes) throws(EnvelopeError) -> PEMBlock in
            let text = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(byteOrderMark.count)[...] : bytes[...]
            guard let source = BIO_new_mem_buf(UnsafeRawBufferPointer(rebasing: text).baseAddress, Int32(text.count))
            else {
                throw LibcryptoError.failure("BIO_new_mem_buf")
            }
            defer { BIO_free(source) }
            return try privateKeyBlock(from: source, isDER: bytes.first == 0x30)
        }
    }

    private static func privateKeyBlock(from source: OpaquePointer, isDER: Bool) throws(EnvelopeError) -> PEMBlock {
        var otherLabels: [String] = []
        while let block = try PEMBlock.next(from: source) {
            if block.label.hasSuffix(plainLabel) { return block }
            otherLabels.append(block.label)
        }
        guard otherLabels.isEmpty else {
            throw EnvelopeError(
                .notAPrivateKey,
                "The PEM text holds no private key but \(otherLabels.joined(separator: ", ")): give the file with the"
                    + " private key, not the one whose contents were given to Twilio.")
        }
        // Every key in DER begins with a SEQUENCE (0x30), and text seldom does.
        throw EnvelopeError(
            .invalidPEM,
            isDER
                ? "The private key file is DER, not PEM: convert it with \"openssl pkey -inform DER -in FILE\"."
                : "The private key file has no line \"-----BEGIN … PRIVATE KEY-----\": give the private key as PEM.")
    }

    /// Decodes the private key, which the caller frees.
    static func decode(_ block: consuming PEMBlock, passphrase: SecretBytes?) throws(EnvelopeError) -> OpaquePointer {
        let label = block.label
        switch label {
        case traditionalLabel, plainLabel:
            let isEncrypted = block.hasEncryptionHeader
            return try block.withDecryptedContents(passphrase: passphrase) { (der) throws(EnvelopeError) in
                try decodeTraditionalOrPlain(der, isPlain: label == plainLabel, wasEncrypted: isEncrypted)
            }
        case encryptedLabel:
            guard let passphrase else { throw PrivateKey.passphraseRequired }
            return try block.withDecryptedContents(passphrase: passphrase) { (der) throws(EnvelopeError) in
                try decodeEncrypted(der, passphrase: passphrase)
            }
        case "OPENSSH PRIVATE KEY":
            throw EnvelopeError(
                .unsupportedKey,
                "The private key is in OpenSSH's own format: convert a copy of it with"
                    + " \"ssh-keygen -p -m PEM -f FILE\".")
        default:
            throw PrivateKey.unsupported(type: String(label.dropLast(" PRIVATE KEY".count)))
        }
    }

    private static func decodeTraditionalOrPlain(
        _ der: UnsafeBufferPointer<UInt8>, isPlain: Bool, wasEncrypted: Bool
    ) throws(EnvelopeError) -> OpaquePointer {
        ERR_clear_error()
        var position = der.baseAddress
        let key: OpaquePointer?
        if isPlain {
            let information = d2i_PKCS8_PRIV_KEY_INFO(nil, &position, der.count)
            defer { PKCS8_PRIV_KEY_INFO_free(information) }
            key = information.flatMap { EVP_PKCS82PKEY($0) }
        } else {
            key = d2i_PrivateKey(NID_rsaEncryption, nil, &position, der.count)
        }
        guard let key else {
            let cause = LibcryptoError.drain()
            // The older encryption has no check: a wrong passphrase can yield garbage with valid padding.
            throw wasEncrypted ? PrivateKey.wrongPassphrase(cause: cause) : undecodable(cause: cause)
        }
        return key
    }

    private static func decodeEncrypted(
        _ der: UnsafeBufferPointer<UInt8>, passphrase: SecretBytes
    ) throws(EnvelopeError) -> OpaquePointer {
        ERR_clear_error()
        var position = der.baseAddress
        guard let sealed = d2i_X509_SIG(nil, &position, der.count) else {
            throw undecodable(cause: LibcryptoError.drain())
        }
        defer { X509_SIG_free(sealed) }
        let information = passphrase.withUnsafeBytes { bytes in
            PKCS8_decrypt(sealed, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count))
        }
        guard let information else {
            let cause = LibcryptoError.drain()
            let isUnsupported =
                cause.contains(reason: Int32(ERR_R_UNSUPPORTED))
                || cause.contains(library: ERR_LIB_EVP, reason: EVP_R_UNKNOWN_PBE_ALGORITHM)
                || cause.contains(library: ERR_LIB_EVP, reason: EVP_R_UNSUPPORTED_CIPHER)
                || cause.contains(library: ERR_LIB_EVP, reason: EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION)
                || cause.contains(library: ERR_LIB_EVP, reason: EVP_R_UNSUPPORTED_PRF)
            throw isUnsupported
                ? PrivateKey.unsupportedEncryption(cause: cause) : PrivateKey.wrongPassphrase(cause: cause)
        }
        defer { PKCS8_PRIV_KEY_INFO_free(information) }
        guard let key = EVP_PKCS82PKEY(information) else { throw undecodable(cause: LibcryptoError.drain()) }
        return key
    }

    private static func undecodable(cause: LibcryptoError) -> EnvelopeError {
        EnvelopeError(
            .invalidPEM, "The PEM text doesn't hold what its label says: give the private key file as it was made.",
            cause: cause)
    }
}
