import Foundation
import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Decrypting any range", .orderly)
struct ContentDecryptorTests {
    typealias Cipher = EnvelopeMetadata.ContentCipher

    @Test(
        "Every offset and length of every size from 0 to 70 gives the plaintext",
        arguments: [Cipher.aes256GCM, .aes256CBC])
    func everyRange(cipher: Cipher) throws {
        var generator = SeededGenerator(seed: 70)
        let seal = try TestSeal(cipher, vectorSize: cipher == .aes256GCM ? 12 : 16, using: &generator)
        let plaintexts = (0...70).map { generator.bytes($0) }
        let ciphertexts = try PythonOracle.perform(plaintexts.map(seal.sealing))
        let decryptor = try seal.decryptor()
        var mismatches = 0
        for (plaintext, ciphertext) in zip(plaintexts, ciphertexts) {
            let layout = try CiphertextLayout(
                cipher: cipher, ciphertextSize: Int64(ciphertext.count), plaintextSize: Int64(plaintext.count))
            for lower in 0...plaintext.count {
                for upper in lower...plaintext.count {
                    let decrypted = try decryptor.decrypt(Int64(lower)..<Int64(upper), of: ciphertext, layout)
                    mismatches += decrypted == Array(plaintext[lower..<upper]) ? 0 : 1
                }
            }
        }
        #expect(mismatches == 0)
    }

    @Test(
        "Random ranges of 1 MiB give the plaintext",
        arguments: [(Cipher.aes256GCM, 12), (.aes256GCM, 8), (.aes256GCM, 60), (.aes256CBC, 16)], [UInt64(1), 2])
    func randomRanges(scheme: (cipher: Cipher, vectorSize: Int), seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let seal = try TestSeal(scheme.cipher, vectorSize: scheme.vectorSize, using: &generator)
        let plaintext = generator.bytes((1 << 20) - Int.random(in: 0..<16, using: &generator))
        let ciphertext = try PythonOracle.perform(seal.sealing(plaintext))
        let layout = try CiphertextLayout(
            cipher: scheme.cipher, ciphertextSize: Int64(ciphertext.count), plaintextSize: Int64(plaintext.count))
        let decryptor = try seal.decryptor()
        for _ in 0..<200 {
            let lower = Int.random(in: 0...plaintext.count, using: &generator)
            let longest = min(plaintext.count - lower, Bool.random(using: &generator) ? 100 : 200_000)
            let upper = lower + Int.random(in: 0...longest, using: &generator)
            let decrypted = try decryptor.decrypt(Int64(lower)..<Int64(upper), of: ciphertext, layout)
            #expect(
                areSame(decrypted, plaintext[lower..<upper]), "seed \(seed), bytes \(lower)..<\(upper)")
        }
    }

    @Test("CBC sealed by the openssl command decrypts and tells its size")
    func opensslCommand() throws {
        var generator = SeededGenerator(seed: 3)
        let seal = try TestSeal(.aes256CBC, vectorSize: 16, using: &generator)
        for size in [0, 1, 15, 16, 17, 1000] {
            let plaintext = generator.bytes(size)
            let ciphertext = [UInt8](
                try openssl(
                    "enc", "-aes-256-cbc", "-K", hex(seal.keyBytes), "-iv", hex(seal.vector), input: Data(plaintext)))
            let decryptor = try seal.decryptor()
            let told = try decryptor.plaintextSize(
                fromPaddingIn: Array(ciphertext.suffix(32)).span.bytes, ciphertextSize: Int64(ciphertext.count))
            #expect(told == Int64(size))
            #expect(try decryptor.decrypt(ciphertext, at: 0, plaintextOffset: 0, count: size) == plaintext)
        }
    }

    @Test(
        "The counter wraps around in its last 32 bits only",
        arguments: [0, 1, 2, 3, 1000].map { UInt32.max - $0 })
    func counterWrap(counter: UInt32) throws {
        var generator = SeededGenerator(seed: UInt64(counter))
        let key = generator.bytes(32)
        let vector = try PythonOracle.perform(.vector(key: key, counter: counter))
        let seal = try TestSeal(.aes256GCM, key: key, vector: vector)
        let plaintext = generator.bytes(1005 * 16)
        let ciphertext = try PythonOracle.perform(seal.sealing(plaintext))
        let decryptor = try seal.decryptor()
        let layout = try CiphertextLayout(
            cipher: .aes256GCM, ciphertextSize: Int64(ciphertext.count), plaintextSize: Int64(plaintext.count))
        // Where the counter becomes zero, in bytes; ranges begin before, at and after it, aligned and not.
        let wrap = Int(UInt32.max - counter) * 16
        for lower in [0, wrap - 17, wrap - 16, wrap - 1, wrap, wrap + 1, wrap + 16] where lower >= 0 {
            for upper in [wrap + 1, wrap + 16, wrap + 17, plaintext.count] where upper > lower {
                let range = Int64(lower)..<Int64(min(upper, plaintext.count))
                let decrypted = try decryptor.decrypt(range, of: ciphertext, layout)
                #expect(areSame(decrypted, plaintext[lower..<Int(range.upperBound)]), "bytes \(range)")
            }
        }
        var authenticator = try GCMAuthenticator(
            key: seal.key, metadata: seal.metadata, ciphertextSize: Int64(ciphertext.count))
        try authenticator.absorb(ciphertext.span.bytes, at: 0)
        try authenticator.verify()
    }

    @Test("Too little ciphertext is truncated", arguments: [Cipher.aes256GCM, .aes256CBC])
    func truncated(cipher: Cipher) throws {
        var generator = SeededGenerator(seed: 5)
        let seal = try TestSeal(cipher, vectorSize: cipher == .aes256GCM ? 12 : 16, using: &generator)
        let decryptor = try seal.decryptor()
        let ciphertext = generator.bytes(64)
        #expect(
            try code { _ = try decryptor.decrypt(ciphertext, at: 0, plaintextOffset: 50, count: 15) } == .truncated)
        #expect(
            try code { _ = try decryptor.decrypt(ciphertext, at: 32, plaintextOffset: 16, count: 32) } == .truncated)
        #expect(try code { _ = try decryptor.decrypt([], at: 0, plaintextOffset: 0, count: 1) } == .truncated)
        if cipher == .aes256CBC {
            // The block before is missing.
            #expect(
                try code { _ = try decryptor.decrypt(ciphertext, at: 32, plaintextOffset: 32, count: 1) }
                    == .truncated)
        }
    }

    @Test("Offsets that can't be are refused", arguments: [Cipher.aes256GCM, .aes256CBC])
    func impossibleOffsets(cipher: Cipher) throws {
        var generator = SeededGenerator(seed: 6)
        let seal = try TestSeal(cipher, vectorSize: cipher == .aes256GCM ? 12 : 16, using: &generator)
        let decryptor = try seal.decryptor()
        for (ciphertextOffset, plaintextOffset) in [
            (-16, 0), (0, -1), (Int64.min, Int64.min), (.max, .max), (0, .max), (.max, 0), (.max - 8, 16),
        ] as [(Int64, Int64)] {
            let thrown = try code {
                _ = try decryptor.decrypt(
                    Array(repeating: 0, count: 64), at: ciphertextOffset, plaintextOffset: plaintextOffset, count: 16)
            }
            #expect(thrown == .invalidRange, "\(ciphertextOffset), \(plaintextOffset)")
        }
    }

    @Test("Padding of every size tells the plaintext's, and every malformed byte of it is noticed")
    func padding() throws {
        var generator = SeededGenerator(seed: 7)
        let seal = try TestSeal(.aes256CBC, vectorSize: 16, using: &generator)
        let decryptor = try seal.decryptor()
        // For each size from 1 to 16 the valid block, then one with each of its bytes changed; then sizes that aren't.
        var blocks: [(plaintext: [UInt8], size: Int64?)] = []
        for size in 1...16 {
            var block = generator.bytes(16 - size) + Array(repeating: UInt8(size), count: size)
            if size < 16 { block[15 - size] = 0xFF }
            blocks.append((block, Int64(32 - size)))
            for index in (16 - size)..<15 {
                var damaged = block
                damaged[index] ^= 0x80
                blocks.append((damaged, nil))
            }
        }
        for size in [UInt8(0), 17, 32, 128, 255] {
            blocks.append((Array(repeating: size, count: 16), nil))
        }
        let ciphertexts = try PythonOracle.perform(
            blocks.map {
                .encryptCBC(key: seal.keyBytes, vector: seal.vector, blocks: generator.bytes(16) + $0.plaintext)
            }
        )
        for (block, ciphertext) in zip(blocks, ciphertexts) {
            let thrown = try code {
                let size = try decryptor.plaintextSize(fromPaddingIn: ciphertext.span.bytes, ciphertextSize: 32)
                #expect(size == block.size, "\(hex(block.plaintext))")
            }
            #expect(thrown == (block.size == nil ? .invalidPadding : nil), "\(hex(block.plaintext))")
        }
    }

    @Test("The size can't be told from too little ciphertext, from none, or for GCM")
    func paddingMisuse() throws {
        var generator = SeededGenerator(seed: 8)
        let cbc = try TestSeal(.aes256CBC, vectorSize: 16, using: &generator).decryptor()
        let gcm = try TestSeal(.aes256GCM, vectorSize: 12, using: &generator).decryptor()
        func thrown(_ decryptor: ContentDecryptor, _ count: Int, _ size: Int64) throws -> EnvelopeError.Code? {
            try code {
                _ = try decryptor.plaintextSize(
                    fromPaddingIn: [UInt8](repeating: 0, count: count).span.bytes, ciphertextSize: size)
            }
        }
        #expect(try thrown(cbc, 16, 32) == .truncated)
        #expect(try thrown(cbc, 32, 16) == .truncated)
        #expect(try thrown(cbc, 0, 0) == .truncated)
        #expect(try thrown(cbc, 0, -16) == .truncated)
        #expect(try thrown(cbc, 32, 33) == .truncated)
        #expect(try thrown(cbc, 31, 47) == .truncated)
        #expect(try thrown(gcm, 32, 32) == .unsupportedScheme)
    }
}
