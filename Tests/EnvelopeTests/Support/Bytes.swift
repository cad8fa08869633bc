import Support
import TestSupport

@testable import Envelope

/// A content key, its initialization vector and the metadata to them, whose wrapped key is not used.
struct TestSeal: Sendable {
    let keyBytes: [UInt8]
    let vector: [UInt8]
    let key: ContentEncryptionKey
    let metadata: EnvelopeMetadata

    init(_ cipher: EnvelopeMetadata.ContentCipher, key keyBytes: [UInt8], vector: [UInt8]) throws {
        self.keyBytes = keyBytes
        self.vector = vector
        key = try ContentEncryptionKey(SecretBytes(keyBytes))
        metadata = try EnvelopeMetadata(
            cipher: cipher, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: 0, count: 256),
            initializationVector: vector)
    }

    /// A seal of random bytes.
    init(_ cipher: EnvelopeMetadata.ContentCipher, vectorSize: Int, using generator: inout SeededGenerator) throws {
        try self.init(cipher, key: generator.bytes(32), vector: generator.bytes(vectorSize))
    }

    func sealing(_ plaintext: [UInt8]) -> PythonOracle.Request {
        metadata.cipher == .aes256GCM
            ? .sealGCM(key: keyBytes, vector: vector, plaintext: plaintext)
            : .sealCBC(key: keyBytes, vector: vector, plaintext: plaintext)
    }

    func decryptor() throws -> ContentDecryptor {
        try ContentDecryptor(key: key, metadata: metadata)
    }
}

extension ContentDecryptor {
    /// Decrypts a plaintext range, given no more ciphertext than `layout` asks for.
    func decrypt(_ range: Range<Int64>, of ciphertext: [UInt8], _ layout: CiphertextLayout) throws -> [UInt8] {
        let needed = layout.ciphertextRange(forPlaintext: range)
        return try decrypt(
            Array(ciphertext[Int(needed.lowerBound)..<Int(needed.upperBound)]), at: needed.lowerBound,
            plaintextOffset: range.lowerBound, count: range.count)
    }

    func decrypt(
        _ ciphertext: [UInt8], at ciphertextOffset: Int64, plaintextOffset: Int64, count: Int
    ) throws -> [UInt8] {
        var plaintext = [UInt8](repeating: 0xA5, count: count)
        var span = plaintext.mutableSpan
        var bytes = span.mutableBytes
        try decrypt(ciphertext.span.bytes, at: ciphertextOffset, into: &bytes, at: plaintextOffset)
        return plaintext
    }
}

/// Runs `body` and returns the code of the error that it throws, or `nil`.
func code(_ body: () throws -> Void) throws -> EnvelopeError.Code? {
    do {
        try body()
        return nil
    } catch let error as EnvelopeError {
        return error.code
    }
}
