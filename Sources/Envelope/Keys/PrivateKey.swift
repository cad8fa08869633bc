import COpenSSL
public import Support

/// An RSA private key, which opens content keys sealed with its public key, or signs requests.
///
/// Its secret numbers live on libcrypto's secure heap.
public final class PrivateKey: HeldPrivateKey, @unchecked Sendable {
    // Safe although unchecked: threads may share an EVP_PKEY that is no longer modified; each has its own EVP_PKEY_CTX.
    private let handle: OpaquePointer

    /// The size of the modulus in bits, usually 2048, 3072 or 4096.
    public let bitCount: Int

    /// The SHA-256 of the public key (SubjectPublicKeyInfo in DER), as 64 lower-case hexadecimal digits.
    ///
    /// `openssl pkey -in FILE -pubout -outform DER | sha256sum` prints it too.
    public let publicKeyFingerprint: String

    /// True: it is in this process.
    public var isAvailable: Bool { true }

    /// What takes the place of messages with a wrong padding; made with the first attempt.
    var rejection: ImplicitRejection {
        get throws(EnvelopeError) {
            if let made = madeRejection.withLock(\.self) { return made }
            // Not under the lock: it takes a signature, which is the same if two threads make it.
            let rejection = try ImplicitRejection(modulusByteCount: modulusByteCount) {
                (digest) throws(EnvelopeError) in try signature(ofSHA256: digest)
            }
            madeRejection.withLock { $0 = rejection }
            return rejection
        }
    }

    private let madeRejection = Locked<ImplicitRejection?>(nil)

    /// The supported sizes of the modulus in bits: Twilio takes 2048, 3072 and 4096.
    private static let supportedBitCounts = 2048...4096

    /// Reads a private key from PEM: PKCS#1, PKCS#8, encrypted PKCS#8, or PKCS#1 with OpenSSL's older encryption.
    ///
    /// Text around the PEM block and other PEM blocks before it are skipped.
    ///
    /// - Parameters:
    ///   - pem: The contents of the file.
    ///   - passphrase: The passphrase of an encrypted key; ignored otherwise.
    /// - Throws: `invalidPEM`, `notAPrivateKey`, `unsupportedKey`, `passphraseRequired`, `wrongPassphrase`.
    public convenience init(pem: SecretBytes, passphrase: SecretBytes?) throws(EnvelopeError) {
        let block = try PrivateKeyPEM.privateKeyBlock(of: pem)
        try self.init(consuming: try PrivateKeyPEM.decode(block, passphrase: passphrase))
    }

    /// Whether the first private key in `pem` is encrypted; false without a private key.
    public static func needsPassphrase(pem: SecretBytes) -> Bool {
        guard let block = try? PrivateKeyPEM.privateKeyBlock(of: pem) else { return false }
        return block.label == PrivateKeyPEM.encryptedLabel || block.hasEncryptionHeader
    }

    private init(consuming handle: OpaquePointer) throws(EnvelopeError) {
        let properties: (bitCount: Int, fingerprint: String)
        do {
            properties = try Self.inspect(handle)
        } catch {
            EVP_PKEY_free(handle)
            throw error
        }
        self.handle = handle
        bitCount = properties.bitCount
        publicKeyFingerprint = properties.fingerprint
    }

    deinit { EVP_PKEY_free(handle) }

    /// Runs `body` with libcrypto's key, which it must not modify.
    func withHandle<Result, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(handle)
    }

    /// The size of the modulus, and of a wrapped key, in bytes.
    var modulusByteCount: Int { (bitCount + 7) / 8 }

    private static func inspect(
        _ handle: OpaquePointer
    ) throws(EnvelopeError) -> (bitCount: Int, fingerprint: String) {
        guard EVP_PKEY_is_a(handle, "RSA") == 1 else {
            let type = EVP_PKEY_get0_type_name(handle).map { String(cString: $0) } ?? "unknown"
            throw unsupported(type: type)
        }
        let bitCount = Int(EVP_PKEY_get_bits(handle))
        guard supportedBitCounts ~= bitCount else {
            throw EnvelopeError(
                .unsupportedKey,
                "The RSA private key has \(bitCount) bits, but only 2048 to 4096 bits are supported: make one with"
                    + " \"openssl genrsa 2048\".")
        }
        return (bitCount, try fingerprint(of: handle))
    }

    private static func fingerprint(of handle: OpaquePointer) throws(EnvelopeError) -> String {
        ERR_clear_error()
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_PUBKEY(handle, &encoded)
        guard length > 0, let encoded else { throw LibcryptoError.failure("i2d_PUBKEY") }
        defer { CRYPTO_free(encoded, nil, 0) }
        return try SHA256.hexadecimal(UnsafeRawBufferPointer(start: encoded, count: Int(length)).bytes)
    }
}

extension PrivateKey: CustomStringConvertible {
    /// The key's size and public fingerprint.
    public var description: String {
        "<RSA private key of \(bitCount) bits, public key SHA-256 \(publicKeyFingerprint)>"
    }
}

// The errors of private keys.
extension PrivateKey {
    static var passphraseRequired: EnvelopeError {
        EnvelopeError(.passphraseRequired, "The private key is encrypted: give the passphrase that opens it.")
    }

    static func wrongPassphrase(cause: LibcryptoError) -> EnvelopeError {
        EnvelopeError(.wrongPassphrase, "The passphrase doesn't open the private key: check it.", cause: cause)
    }

    static func unsupported(type: String) -> EnvelopeError {
        EnvelopeError(
            .unsupportedKey,
            "The private key is of type \(type), but Twilio uses RSA keys only: give the RSA private key whose"
                + " public key Twilio has.")
    }

    static func unsupportedEncryption(cause: LibcryptoError) -> EnvelopeError {
        EnvelopeError(
            .unsupportedKey,
            "The private key is encrypted with an algorithm that libcrypto doesn't offer: encrypt it anew with"
                + " \"openssl pkcs8 -topk8 -v2 aes256\".", cause: cause)
    }
}
