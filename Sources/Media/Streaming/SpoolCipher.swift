import Envelope
import Glibc
import Support

/// Encrypts a temporary file with a key that nothing else has, and that goes with it.
///
/// A stream may be media that isn't encrypted, which isn't known before its first bytes. It is written as seldom in
/// clear as any other.
struct SpoolCipher: Sendable {
    /// Counter mode, in which encryption and decryption are the same, at any offset.
    private let cipher: ContentDecryptor

    /// Makes a cipher with a random key.
    init() throws(SystemError) {
        do throws(EnvelopeError) {
            var generator = SystemRandomNumberGenerator()
            let key = SecretBytes(count: 32) { memory in
                for index in memory.indices { memory[index] = .random(in: .min ... .max, using: &generator) }
            }
            // Each key encrypts one file, so the vector may be any.
            let metadata = try EnvelopeMetadata(
                cipher: .aes256GCM, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: 0, count: 256),
                initializationVector: Array(repeating: 0, count: 12))
            cipher = try ContentDecryptor(key: ContentEncryptionKey(key), metadata: metadata)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Encrypts or decrypts the file's bytes at an offset; `result` is as long as `bytes` and may be the same memory.
    func apply(_ bytes: RawSpan, at offset: Int64, to result: UnsafeMutableRawBufferPointer) throws(SystemError) {
        do throws(EnvelopeError) {
            var span = result.mutableBytes
            try cipher.decrypt(bytes, at: offset, into: &span, at: offset)
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: EnvelopeError) -> SystemError {
        SystemError("a temporary file can't be encrypted (\(error.message))", EIO)
    }
}
