import Envelope
import Foundation
import Support
import TestSupport
import Testing

@testable import Media

@Suite("Authentication of content that comes in blocks", .orderly)
struct ContentAuthenticationTests {
    /// Ciphertext with its tag, by size, as Python's `cryptography` seals it.
    private static let sealed = Result {
        let sizes = [0, 1, 15, 16, 17, 64, 1000, 4096, 10_001]
        let results = try PythonOracle.perform(
            sizes.map {
                .sealGCM(key: Array(0..<32), vector: Array(0..<12), plaintext: Array(repeating: 0, count: $0))
            })
        return Dictionary(uniqueKeysWithValues: zip(sizes, results))
    }

    private static func authentication(
        _ ciphertext: [UInt8], tag: [UInt8]?
    ) throws -> ContentAuthentication {
        let key = try ContentEncryptionKey(SecretBytes(Array(0..<32)))
        let metadata = try EnvelopeMetadata(
            cipher: .aes256GCM, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: 0, count: 256),
            initializationVector: Array(0..<12))
        return try ContentAuthentication(
            authenticator: GCMAuthenticator(key: key, metadata: metadata, ciphertextSize: Int64(ciphertext.count)),
            tag: tag, contentSize: Int64(ciphertext.count - 16))
    }

    /// The content cut into pieces of 64 bytes, by offset.
    private static func pieces(_ ciphertext: [UInt8], size: Int) -> [(offset: Int64, bytes: [UInt8])] {
        stride(from: 0, to: size, by: 64).map { (Int64($0), Array(ciphertext[$0..<min(size, $0 + 64)])) }
    }

    @Test(
        "Blocks in any order verify with the last of them", arguments: [1, 15, 16, 17, 64, 1000, 4096, 10_001],
        [true, false])
    func anyOrder(size: Int, knowsTag: Bool) throws {
        let ciphertext = try #require(try Self.sealed.get()[size])
        #expect(ciphertext.count == size + 16)
        let tag = Array(ciphertext.suffix(16))
        for seed in 1...5 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let authentication = try Self.authentication(ciphertext, tag: knowsTag ? tag : nil)
            var pieces = Self.pieces(ciphertext, size: size)
            if !knowsTag { pieces.append((Int64(size), tag)) }
            for piece in pieces.shuffled(using: &generator) {
                #expect(authentication.integrity == .unverified)
                try authentication.absorb(piece.bytes.span.bytes, at: piece.offset, attempt: 0)
            }
            #expect(authentication.integrity == .verified)
            // What was evicted and came again, the same as it was, changes nothing.
            for piece in Self.pieces(ciphertext, size: size) {
                try authentication.absorb(piece.bytes.span.bytes, at: piece.offset, attempt: 0)
            }
            #expect(authentication.integrity == .verified)
        }
    }

    @Test("One flipped bit fails the last block, and everything after it", arguments: [16, 17, 1000, 4096])
    func flippedBit(size: Int) throws {
        let ciphertext = try #require(try Self.sealed.get()[size])
        for position in [0, 7, size / 2, size - 1, size, size + 15] {
            var forged = ciphertext
            forged[position] ^= 1 << (position % 8)
            let authentication = try Self.authentication(ciphertext, tag: Array(forged.suffix(16)))
            let pieces = Self.pieces(forged, size: size)
            for piece in pieces.dropLast() {
                try authentication.absorb(piece.bytes.span.bytes, at: piece.offset, attempt: 0)
            }
            let last = try #require(pieces.last)
            let error = #expect(throws: EnvelopeError.self) {
                try authentication.absorb(last.bytes.span.bytes, at: last.offset, attempt: 0)
            }
            #expect(error?.code == .authenticationFailed)
            #expect(authentication.integrity == .failed)
            for piece in Self.pieces(ciphertext, size: size) {
                #expect(throws: EnvelopeError.self) {
                    try authentication.absorb(piece.bytes.span.bytes, at: piece.offset, attempt: 0)
                }
            }
            #expect(authentication.integrity == .failed)
        }
    }

    @Test("A block that comes again and differs fails, before and after the rest has come", arguments: [true, false])
    func refetched(isComplete: Bool) throws {
        let ciphertext = try #require(try Self.sealed.get()[1000])
        let authentication = try Self.authentication(ciphertext, tag: Array(ciphertext.suffix(16)))
        let pieces = Self.pieces(ciphertext, size: 1000)
        for piece in isComplete ? pieces : Array(pieces.prefix(3)) {
            try authentication.absorb(piece.bytes.span.bytes, at: piece.offset, attempt: 0)
        }
        #expect(authentication.integrity == (isComplete ? .verified : .unverified))
        var other = pieces[1].bytes
        other[5] ^= 0x80
        let error = #expect(throws: EnvelopeError.self) {
            try authentication.absorb(other.span.bytes, at: pieces[1].offset, attempt: 0)
        }
        #expect(error?.code == .authenticationFailed)
        #expect(authentication.integrity == .failed)
        let piece = pieces[1]
        #expect(throws: EnvelopeError.self) {
            try authentication.absorb(piece.bytes.span.bytes, at: piece.offset, attempt: 0)
        }
    }

    @Test("Empty content is decided by its tag alone")
    func empty() throws {
        let tag = try #require(try Self.sealed.get()[0])
        #expect(try Self.authentication(tag, tag: tag).integrity == .verified)
        #expect(try Self.authentication(tag, tag: nil).integrity == .unverified)
        var forged = tag
        forged[0] ^= 1
        let error = #expect(throws: EnvelopeError.self) { try Self.authentication(tag, tag: forged) }
        #expect(error?.code == .authenticationFailed)
    }
}
