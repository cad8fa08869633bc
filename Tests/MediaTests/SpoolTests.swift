import Envelope
import Foundation
import Support
import TestSupport
import Testing

@testable import Media

@Suite("Temporary files of ciphertext", .orderly)
struct SpoolTests {
    private static let bytes: [UInt8] = [1, 2, 3]

    private static func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try withExtendedLifetime(folder) { try body(folder.url) }
    }

    @Test("What was written is read, wherever it is cut", arguments: 1...5 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        try Self.withFolder { folder in
            var generator = SeededGenerator(seed: seed)
            let content = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let spool = try Spool(folder: folder.path)
            var written = 0
            while written < content.count {
                let end = min(content.count, written + Int.random(in: 1...9000, using: &generator))
                try spool.write(Array(content[written..<end]).span.bytes, at: Int64(written))
                written = end
            }
            for _ in 0..<200 {
                let start = Int.random(in: 0...content.count, using: &generator)
                let end = Int.random(in: start...content.count, using: &generator)
                #expect(try spool.bytes(Int64(start)..<Int64(end)) == Array(content[start..<end]))
            }
            #expect(try spool.bytes(7..<8) == [content[7]])
        }
    }

    @Test("It is decrypted as from memory, the largest read too, within a buffer for both", arguments: [true, false])
    func decryption(isCBC: Bool) throws {
        let largest = Int(PendingRead.largest)
        let size = Int64(largest + 100_000)
        let facts = try #require(
            MediaFacts(
                ciphertextSize: size, plaintextSize: size - 16, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: ["x-amz-key": "QUJD"], tail: [], requestedChannels: nil, isConfirmed: true))
        let metadata = try EnvelopeMetadata(
            cipher: isCBC ? .aes256CBC : .aes256GCM, wrapping: .rsaOAEPSHA256,
            wrappedKey: Array(repeating: 0, count: 256),
            initializationVector: Array(repeating: 1, count: isCBC ? 16 : 12))
        let content = try MediaContent(
            facts: facts, metadata: metadata, key: ContentEncryptionKey(SecretBytes(Array(0..<32))), isStrict: false)
        let ciphertext = Array(TestMedia.noise(Int(size), seed: 4))
        let spool = try Spool.temporary()
        try spool.write(ciphertext.span.bytes, at: 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ScratchBuffers.size, alignment: 16)
        defer { buffer.deallocate() }
        for range in [0..<largest, 100_000..<(100_000 + largest - 16), 32_767..<32_769, 5..<6] {
            let range = Int64(range.lowerBound)..<Int64(range.upperBound)
            let plaintext = UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count])
            try spool.decrypt(
                range, of: content, into: plaintext,
                using: UnsafeMutableRawBufferPointer(rebasing: buffer[range.count...]))
            let needed = content.ciphertextRange(forPlaintext: range)
            let expected = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
            defer { expected.deallocate() }
            try content.decrypt(
                Array(ciphertext[Int(needed.lowerBound)..<Int(needed.upperBound)]).span.bytes, at: needed.lowerBound,
                into: expected, at: range.lowerBound)
            #expect(plaintext.elementsEqual(expected), "\(range)")
        }
    }

    @Test("The file has no name, so nothing of it is left")
    func nameless() throws {
        try Self.withFolder { folder in
            let spool = try Spool(folder: folder.path)
            try spool.write(Self.bytes.span.bytes, at: 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            #expect(try spool.bytes(0..<3) == Self.bytes)
        }
    }

    @Test("What is in the file is encrypted, with another key each time, since the media may not be")
    func sealed() throws {
        let content = Array("RIFF".utf8) + [UInt8](repeating: 0, count: 4092)
        let stored = try (0..<2).map { _ in
            let spool = try Spool.temporary()
            try spool.write(content.span.bytes, at: 0)
            var bytes = [UInt8](repeating: 0, count: content.count)
            #expect(pread(spool.descriptor, &bytes, bytes.count, 0) == bytes.count)
            #expect(try spool.bytes(0..<4096) == content)
            return bytes
        }
        #expect(stored[0] != stored[1])
        for bytes in stored {
            #expect(!bytes.starts(with: content.prefix(4)))
            #expect(bytes.count { $0 == 0 } < 100)
        }
    }

    @Test("Bytes that were never written are an error, and not zeros")
    func beyondTheEnd() throws {
        try Self.withFolder { folder in
            let spool = try Spool(folder: folder.path)
            try spool.write(Self.bytes.span.bytes, at: 0)
            #expect(throws: SystemError.self) { try spool.bytes(0..<4) }
            #expect(throws: SystemError.self) { try spool.bytes(3..<4) }
        }
    }

    @Test("A folder that isn't there is an error that names it")
    func noFolder() throws {
        let error = #expect(throws: SystemError.self) { try Spool(folder: "/nonexistent/folder") }
        #expect(error?.message.contains("'/nonexistent/folder'") == true)
    }
}
