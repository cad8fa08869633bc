import COpenSSL
import Support

/// The ciphers that seal media.
enum ContentCipherKind: Hashable, Sendable {
    /// AES-256-GCM with a 12-byte IV and the 16-byte tag appended to the ciphertext.
    case gcm
    /// AES-256-CBC with a 16-byte IV and PKCS#7 padding.
    case cbc

    /// Gives the size in bytes of what `plaintextSize` bytes become.
    func ciphertextSize(of plaintextSize: Int) -> Int {
        switch self {
        case .gcm: plaintextSize + 16
        case .cbc: (plaintextSize / 16 + 1) * 16
        }
    }
}

/// Seals one message piece by piece.
///
/// Not shared between threads: whoever makes one feeds it.
final class ContentCipher {
    private let context: OpaquePointer
    private let kind: ContentCipherKind

    /// Starts a message.
    ///
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - iv: 12 bytes for GCM, 16 for CBC.
    init(_ kind: ContentCipherKind, key: [UInt8], iv: [UInt8]) throws(SimulatorError) {
        // EVP_EncryptInit_ex reads as many bytes as the cipher says, however long the arrays are.
        guard key.count == 32, iv.count == (kind == .gcm ? 12 : 16) else {
            throw SimulatorError(.cryptography, "A content key or IV has a wrong length")
        }
        guard let context = EVP_CIPHER_CTX_new() else { throw .cryptography("There is no memory") }
        let cipher = kind == .gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc()
        guard EVP_EncryptInit_ex(context, cipher, nil, key, iv) == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw .cryptography("A cipher can't be started")
        }
        self.context = context
        self.kind = kind
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Seals further plaintext and gives the ciphertext that is ready.
    func update(_ plaintext: UnsafeRawBufferPointer) throws(SimulatorError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: plaintext.count + 16)
        var length: Int32 = 0
        let input = plaintext.assumingMemoryBound(to: UInt8.self).baseAddress
        guard EVP_EncryptUpdate(context, &result, &length, input, Int32(plaintext.count)) == 1 else {
            throw .cryptography("A piece can't be sealed")
        }
        result.removeLast(result.count - Int(length))
        return result
    }

    /// Ends the message and gives the rest of the ciphertext: the padded block or the tag.
    func finish() throws(SimulatorError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        var length: Int32 = 0
        guard EVP_EncryptFinal_ex(context, &result, &length) == 1 else {
            throw .cryptography("A message can't be sealed")
        }
        result.removeLast(result.count - Int(length))
        if kind == .gcm {
            var tag = [UInt8](repeating: 0, count: 16)
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1 else {
                throw .cryptography("A message has no tag")
            }
            result += tag
        }
        return result
    }

    /// Seals a whole message.
    static func seal(
        _ plaintext: [UInt8], _ kind: ContentCipherKind, key: [UInt8], iv: [UInt8]
    ) throws(SimulatorError) -> [UInt8] {
        let cipher = try ContentCipher(kind, key: key, iv: iv)
        // The closure form can't throw a typed error through; the result is handed out instead.
        let outcome: Result<[UInt8], SimulatorError> = plaintext.withUnsafeBytes { pointer in
            do throws(SimulatorError) { return .success(try cipher.update(pointer)) } catch { return .failure(error) }
        }
        return try outcome.get() + cipher.finish()
    }
}
