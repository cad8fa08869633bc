import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Verifying GCM from ranges in any order", .orderly)
struct GCMAuthenticatorTests {
    /// A seal and something sealed with it, tag included.
    private func sealed(size: Int, vectorSize: Int = 12, seed: UInt64) throws -> (TestSeal, [UInt8]) {
        var generator = SeededGenerator(seed: seed)
        let seal = try TestSeal(.aes256GCM, vectorSize: vectorSize, using: &generator)
        return (seal, try PythonOracle.perform(seal.sealing(generator.bytes(size))))
    }

    private func authenticator(_ seal: TestSeal, _ ciphertext: [UInt8]) throws -> GCMAuthenticator {
        try GCMAuthenticator(key: seal.key, metadata: seal.metadata, ciphertextSize: Int64(ciphertext.count))
    }

    private func permutations(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return permutations(count - 1).flatMap { shorter in
            (0...shorter.count).map { shorter[..<$0] + [count - 1] + shorter[$0...] }
        }
    }

    @Test("Every order of a small file's blocks verifies", arguments: [0, 1, 16, 31, 32, 33, 50, 64])
    func everyOrder(size: Int) throws {
        let (seal, ciphertext) = try sealed(size: size, seed: UInt64(size))
        let empty = try authenticator(seal, ciphertext)
        #expect(!empty.isComplete)
        let pieces = (ciphertext.count + 15) / 16
        for order in permutations(pieces) {
            var authenticator = empty
            for (index, piece) in order.enumerated() {
                #expect(!authenticator.isComplete)
                if index < order.count {
                    #expect(try code { try authenticator.verify() } == .truncated)
                }
                let range = (piece * 16)..<min(piece * 16 + 16, ciphertext.count)
                try authenticator.absorb(Array(ciphertext[range]).span.bytes, at: Int64(range.lowerBound))
            }
            #expect(authenticator.isComplete)
            #expect(throws: Never.self) { try authenticator.verify() }
        }
    }

    @Test(
        "Random cuts in random order verify, with repeated and overlapping ranges among them",
        arguments: [8, 12, 16, 60], [UInt64(1), 2, 3])
    func randomCuts(vectorSize: Int, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let size = Int.random(in: 100_000...300_000, using: &generator)
        let (seal, ciphertext) = try sealed(size: size, vectorSize: vectorSize, seed: seed)
        let blocks = (ciphertext.count + 15) / 16
        var cuts = Set((0..<30).map { _ in Int.random(in: 0...blocks, using: &generator) })
        cuts.formUnion([0, blocks])
        let edges = cuts.sorted()
        var ranges = zip(edges, edges.dropFirst()).map { $0..<$1 }
        for _ in 0..<20 {
            let lower = Int.random(in: 0..<blocks, using: &generator)
            ranges.append(lower..<Int.random(in: (lower + 1)...blocks, using: &generator))
        }
        ranges.shuffle(using: &generator)
        var authenticator = try authenticator(seal, ciphertext)
        for range in ranges {
            let bytes = (range.lowerBound * 16)..<min(range.upperBound * 16, ciphertext.count)
            try authenticator.absorb(Array(ciphertext[bytes]).span.bytes, at: Int64(bytes.lowerBound))
        }
        #expect(authenticator.isComplete, "seed \(seed)")
        #expect(throws: Never.self, "seed \(seed)") { try authenticator.verify() }
    }

    @Test("Ranges that are hashed first and taken in later, in every order, verify", arguments: [0, 1, 16, 33, 64])
    func hashedFirst(size: Int) throws {
        let (seal, ciphertext) = try sealed(size: size, seed: UInt64(size) + 100)
        let empty = try authenticator(seal, ciphertext)
        let pieces = stride(from: 0, to: ciphertext.count, by: 16).map { start in
            (offset: Int64(start), bytes: Array(ciphertext[start..<min(start + 16, ciphertext.count)]))
        }
        // Hashing needs nothing of what was taken in before.
        let fingerprints = try pieces.map { try empty.fingerprint(of: $0.bytes.span.bytes, at: $0.offset) }
        for order in permutations(pieces.count) {
            var authenticator = empty
            for index in order + order {
                let bytes = pieces[index].bytes
                try authenticator.absorb(fingerprints[index], of: bytes.span.bytes, at: pieces[index].offset)
            }
            #expect(authenticator.isComplete && authenticator.firstMissingRange == nil)
            #expect(throws: Never.self) { try authenticator.verify() }
        }
    }

    @Test("What is missing is told from the beginning, and a range that is there in part is refused")
    func missing() throws {
        let (seal, ciphertext) = try sealed(size: 100, seed: 3)
        var authenticator = try authenticator(seal, ciphertext)
        #expect(authenticator.firstMissingRange == 0..<100)
        func piece(_ range: Range<Int>) -> [UInt8] { Array(ciphertext[range]) }
        let (middle, start, wide) = (piece(32..<64), piece(0..<16), piece(16..<100))
        try authenticator.absorb(middle.span.bytes, at: 32)
        #expect(authenticator.firstMissingRange == 0..<32)
        try authenticator.absorb(start.span.bytes, at: 0)
        #expect(authenticator.firstMissingRange == 16..<32)
        let fingerprint = try authenticator.fingerprint(of: wide.span.bytes, at: 16)
        #expect(try code { try authenticator.absorb(fingerprint, of: wide.span.bytes, at: 16) } == .invalidRange)
        // The whole-range form fills the gaps.
        try authenticator.absorb(wide.span.bytes, at: 16)
        #expect(authenticator.firstMissingRange == nil)
    }

    @Test("A flipped bit in any byte of content or tag fails, as libcrypto finds too")
    func flippedBits() throws {
        let (seal, ciphertext) = try sealed(size: 77, seed: 77)
        var variants = [ciphertext]
        for index in ciphertext.indices {
            var flipped = ciphertext
            flipped[index] ^= 1 << UInt8(index % 8)
            variants.append(flipped)
        }
        let verdicts = try PythonOracle.perform(
            variants.map { .verdictGCM(key: seal.keyBytes, vector: seal.vector, ciphertext: $0) })
        #expect(verdicts.count { $0 == [1] } == 1)
        for (variant, verdict) in zip(variants, verdicts) {
            var authenticator = try authenticator(seal, variant)
            // The middle first, so that moving shares is part of it.
            try authenticator.absorb(Array(variant[32..<64]).span.bytes, at: 32)
            try authenticator.absorb(Array(variant[64...]).span.bytes, at: 64)
            try authenticator.absorb(Array(variant[..<32]).span.bytes, at: 0)
            #expect(try code { try authenticator.verify() } == (verdict == [1] ? nil : .authenticationFailed))
        }
    }

    @Test("Blocks that change places fail")
    func swappedBlocks() throws {
        let (seal, ciphertext) = try sealed(size: 64, seed: 64)
        var authenticator = try authenticator(seal, ciphertext)
        try authenticator.absorb(Array(ciphertext[0..<16]).span.bytes, at: 16)
        try authenticator.absorb(Array(ciphertext[16..<32]).span.bytes, at: 0)
        try authenticator.absorb(Array(ciphertext[32...]).span.bytes, at: 32)
        #expect(try code { try authenticator.verify() } == .authenticationFailed)
    }

    @Test("What comes twice counts once, and the first time")
    func repeated() throws {
        let (seal, ciphertext) = try sealed(size: 40, seed: 40)
        var authenticator = try authenticator(seal, ciphertext)
        try authenticator.absorb(Array(ciphertext[0..<32]).span.bytes, at: 0)
        try authenticator.absorb([UInt8](repeating: 0, count: 32).span.bytes, at: 0)
        try authenticator.absorb(ciphertext.span.bytes, at: 0)
        try authenticator.absorb([UInt8](repeating: 0, count: 16).span.bytes, at: 40)
        #expect(throws: Never.self) { try authenticator.verify() }
    }

    @Test("The tag may come alone and in pieces")
    func tagInPieces() throws {
        let (seal, ciphertext) = try sealed(size: 21, seed: 21)
        var authenticator = try authenticator(seal, ciphertext)
        try authenticator.absorb(Array(ciphertext[30..<37]).span.bytes, at: 30)
        try authenticator.absorb(Array(ciphertext[..<21]).span.bytes, at: 0)
        #expect(!authenticator.isComplete)
        try authenticator.absorb(Array(ciphertext[21..<30]).span.bytes, at: 21)
        #expect(throws: Never.self) { try authenticator.verify() }
    }

    @Test("Ranges that aren't aligned or lie outside are refused, and change nothing")
    func invalidRanges() throws {
        let (seal, ciphertext) = try sealed(size: 40, seed: 41)
        var authenticator = try authenticator(seal, ciphertext)
        let ranges: [(offset: Int64, count: Int)] = [
            (1, 16), (8, 8), (0, 15), (16, 20), (33, 7), (-16, 16), (48, 16), (0, 57), (.max, 1), (.min, 16),
        ]
        for range in ranges {
            let thrown = try code {
                try authenticator.absorb([UInt8](repeating: 0, count: range.count).span.bytes, at: range.offset)
            }
            #expect(thrown == .invalidRange, "\(range)")
        }
        try authenticator.absorb(ciphertext.span.bytes, at: 0)
        #expect(throws: Never.self) { try authenticator.verify() }
    }

    @Test("Sizes that GCM can't have made, and CBC, are refused")
    func invalidSizes() throws {
        var generator = SeededGenerator(seed: 9)
        let gcm = try TestSeal(.aes256GCM, vectorSize: 12, using: &generator)
        let cbc = try TestSeal(.aes256CBC, vectorSize: 16, using: &generator)
        func thrown(_ seal: TestSeal, _ size: Int64) throws -> EnvelopeError.Code? {
            try code { _ = try GCMAuthenticator(key: seal.key, metadata: seal.metadata, ciphertextSize: size) }
        }
        #expect(try thrown(gcm, 15) == .truncated)
        #expect(try thrown(gcm, .min) == .truncated)
        #expect(try thrown(gcm, .max) == .invalidMetadata)
        #expect(try thrown(gcm, (1 << 36) - 16) == nil)
        #expect(try thrown(cbc, 32) == .unsupportedScheme)
    }

    @Test("Coverage agrees with a set of numbers", arguments: [UInt64(1), 2, 3, 4])
    func coverage(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var coverage = BlockCoverage()
        var numbers: Set<Int64> = []
        for _ in 0..<300 {
            let lower = Int64.random(in: 0..<200, using: &generator)
            let range = lower..<(lower + Int64.random(in: 0..<12, using: &generator))
            #expect(Set(coverage.gaps(in: range).joined()) == Set(range).subtracting(numbers), "seed \(seed)")
            if Bool.random(using: &generator) {
                coverage.insert(range)
                numbers.formUnion(range)
            }
            #expect(coverage.covers(range) == numbers.isSuperset(of: range))
        }
    }
}
