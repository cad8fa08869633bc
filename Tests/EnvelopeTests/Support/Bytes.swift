@testable import Envelope

/// Hexadecimal digits of `bytes`.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes that `hex` spells.
func bytes(hex: String) -> [UInt8] {
    let digits = hex.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// Random numbers that a seed repeats (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}

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
