import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Ciphertext layout", .orderly)
struct CiphertextLayoutTests {
    typealias ContentCipher = EnvelopeMetadata.ContentCipher

    @Test("GCM ranges are those of the plaintext, and the tag follows")
    func gcm() throws {
        let layout = try CiphertextLayout(cipher: .aes256GCM, ciphertextSize: 116, plaintextSize: 100)
        #expect(layout.ciphertextRange(forPlaintext: 3..<50) == 3..<50)
        #expect(layout.ciphertextRange(forPlaintext: 90..<1000) == 90..<100)
        #expect(layout.tagRange == 100..<116)
    }

    @Test("CBC ranges are widened to whole blocks and by the block before")
    func cbc() throws {
        let layout = try CiphertextLayout(cipher: .aes256CBC, ciphertextSize: 112, plaintextSize: 100)
        #expect(layout.ciphertextRange(forPlaintext: 0..<1) == 0..<16)
        #expect(layout.ciphertextRange(forPlaintext: 15..<17) == 0..<32)
        #expect(layout.ciphertextRange(forPlaintext: 16..<17) == 0..<32)
        #expect(layout.ciphertextRange(forPlaintext: 32..<48) == 16..<48)
        #expect(layout.ciphertextRange(forPlaintext: 99..<1000) == 80..<112)
        #expect(layout.ciphertextRange(forPlaintext: 40..<40).isEmpty)
        #expect(layout.ciphertextRange(forPlaintext: 100..<101).isEmpty)
        #expect(layout.ciphertextRange(forPlaintext: -10 ..< -5).isEmpty)
        #expect(layout.tagRange == nil)
    }

    @Test("GCM's largest plaintext has 2^36 − 32 bytes, for layouts and for decrypting")
    func largest() throws {
        let largest: Int64 = 68_719_476_704
        #expect(CiphertextLayout.largestGCMPlaintext == largest)
        let seal = try TestSeal(.aes256GCM, key: Array(0..<32), vector: Array(0..<12))
        let block = [UInt8](repeating: 0, count: 16)
        #expect(
            try code {
                _ = try seal.decryptor().decrypt(block, at: largest - 16, plaintextOffset: largest - 16, count: 16)
            } == nil)
        #expect(
            try code {
                _ = try seal.decryptor().decrypt(block, at: largest - 15, plaintextOffset: largest - 15, count: 16)
            }
                == .invalidRange)
    }

    @Test("Sizes that agree are taken, all others refused", arguments: Int64(0)...70)
    func agreement(plaintextSize: Int64) throws {
        for ciphertextSize in Int64(-1)...100 {
            let gcm = try code {
                _ = try CiphertextLayout(
                    cipher: .aes256GCM, ciphertextSize: ciphertextSize, plaintextSize: plaintextSize)
            }
            #expect((gcm == nil) == (ciphertextSize == plaintextSize + 16))
            let cbc = try code {
                _ = try CiphertextLayout(
                    cipher: .aes256CBC, ciphertextSize: ciphertextSize, plaintextSize: plaintextSize)
            }
            let isRight = ciphertextSize % 16 == 0 && 1...16 ~= ciphertextSize - plaintextSize
            #expect((cbc == nil) == isRight)
            if ciphertextSize <= plaintextSize {
                #expect(gcm == .truncated && cbc == .truncated)
            }
        }
    }

    @Test("A size that no cipher makes is refused", arguments: [ContentCipher.aes256GCM, .aes256CBC, nil])
    func sizes(cipher: ContentCipher?) {
        for size in Int64(0)..<100 {
            let isRight = size >= 16 && (cipher == .aes256GCM || size % 16 == 0)
            #expect((CiphertextLayout.refusal(ofSize: size, cipher: cipher) == nil) == isRight)
        }
    }

    @Test("The plaintext's size follows from the ciphertext of GCM, and from CBC's only with a header that agrees")
    func plaintextSize() throws {
        func metadata(_ cipher: ContentCipher, told: Int64?) throws -> EnvelopeMetadata {
            try EnvelopeMetadata(
                cipher: cipher, wrapping: .rsaOAEPSHA256, wrappedKey: [UInt8](repeating: 0, count: 256),
                initializationVector: [UInt8](repeating: 0, count: 16), plaintextSize: told)
        }
        for told in [nil, 0, 31] as [Int64?] {
            #expect(try metadata(.aes256GCM, told: told).plaintextSize(ofCiphertextSize: 48) == 32)
        }
        #expect(try metadata(.aes256CBC, told: nil).plaintextSize(ofCiphertextSize: 48) == nil)
        #expect(try metadata(.aes256CBC, told: 40).plaintextSize(ofCiphertextSize: 48) == 40)
        for (told, expected) in [(48, .truncated), (31, .invalidMetadata)] as [(Int64, EnvelopeError.Code)] {
            let thrown = try code { _ = try metadata(.aes256CBC, told: told).plaintextSize(ofCiphertextSize: 48) }
            #expect(thrown == expected)
        }
        #expect(try code { _ = try ContentCipher.aes256GCM.plaintextSize(ofCiphertextSize: 15) } == .truncated)
    }

    @Test("The end that is fetched holds a tag, or the last two blocks")
    func tail() throws {
        for cipher in [ContentCipher.aes256GCM, .aes256CBC] {
            let plaintextSize = try cipher.plaintextSize(ofCiphertextSize: 112) ?? 97
            let layout = try CiphertextLayout(cipher: cipher, ciphertextSize: 112, plaintextSize: plaintextSize)
            let needed = layout.tagRange ?? layout.ciphertextRange(forPlaintext: 96..<97)
            #expect(layout.ciphertextSize - needed.lowerBound <= CiphertextLayout.tailSize)
        }
    }

    @Test("Twilio's example, 746528 bytes of ciphertext for 746518 of plaintext, agrees")
    func example() throws {
        let layout = try CiphertextLayout(cipher: .aes256CBC, ciphertextSize: 746_528, plaintextSize: 746_518)
        #expect(layout.ciphertextRange(forPlaintext: 0..<746_518) == 0..<746_528)
    }

    @Test("Sizes at the end of what 64 bits hold are refused, or computed without overflow")
    func extremes() throws {
        for size in [Int64.min, -1, 15, .max, .max - 15] {
            let gcm = try code { _ = try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: size) }
            #expect(gcm == (size < 16 ? .truncated : .invalidMetadata))
        }
        #expect(
            try code { _ = try CiphertextLayout(cipher: .aes256CBC, ciphertextSize: .min, plaintextSize: .max) }
                == .truncated)
        #expect(
            try code { _ = try CiphertextLayout(cipher: .aes256CBC, ciphertextSize: 16, plaintextSize: .min) }
                == .invalidMetadata)
        let largest = try CiphertextLayout(
            cipher: .aes256CBC, ciphertextSize: .max - 15, plaintextSize: .max - 16)
        #expect(largest.ciphertextRange(forPlaintext: (.max - 17)..<Int64.max) == (.max - 47)..<(.max - 15))
        #expect(try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: (1 << 36) - 16) == (1 << 36) - 32)
    }
}
