import COpenSSL
import Support

/// Makes the message that takes the place of one with a wrong padding: always the same for the same bytes, and
/// unpredictable without the private key.
struct ImplicitRejection: Sendable {
    /// What is signed once to derive the secret; the signatures of requests have other texts.
    private static let label = Array("twiliofs: implicit rejection of RSAES-PKCS1-v1_5".utf8)
    /// The bytes that PKCS#1 v1.5 needs for itself.
    private static let overhead = 11

    private let secret: SecretBytes
    private let longestMessage: Int

    /// Derives the secret from the signature of a text that nothing else signs.
    ///
    /// - Parameters:
    ///   - sign: Signs a SHA-256. A signature can be made with the private key alone, and is always the same.
    ///   - modulusByteCount: The size of the modulus.
    init(
        modulusByteCount: Int, sign: (_ digest: [UInt8]) throws(EnvelopeError) -> [UInt8]
    ) throws(EnvelopeError) {
        var signature = try sign(SHA256.digest(Self.label.span.bytes))
        defer { OPENSSL_cleanse(&signature, signature.count) }
        secret = SecretBytes(try SHA256.digest(signature.span.bytes))
        longestMessage = modulusByteCount - Self.overhead
    }

    /// The message in the place of wrapped bytes: 32 bytes, of which the first `count` count as the message's length.
    func substitute(for wrappedKey: [UInt8]) throws(EnvelopeError) -> (SecretBytes, count: Int) {
        let content = try code(of: wrappedKey, 0)
        let length = try code(of: wrappedKey, 1)
        // Of 64 bits, so that each length is as likely as the others.
        let number = length.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        return (content, Int(number % UInt64(longestMessage + 1)))
    }

    /// HMAC-SHA-256 of a number and the bytes.
    private func code(of bytes: [UInt8], _ number: UInt8) throws(EnvelopeError) -> SecretBytes {
        var length = UInt32(ContentEncryptionKey.size)
        let message = [number] + bytes
        var isMade = false
        let code = SecretBytes(count: ContentEncryptionKey.size) { memory in
            secret.withUnsafeBytes { secret in
                isMade =
                    HMAC(
                        EVP_sha256(), secret.baseAddress, Int32(secret.count), message, message.count,
                        memory.baseAddress?.assumingMemoryBound(to: UInt8.self), &length) != nil
            }
        }
        guard isMade else { throw LibcryptoError.failure("HMAC") }
        return code
    }
}
