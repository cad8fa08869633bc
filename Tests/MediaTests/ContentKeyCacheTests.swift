import Envelope
import TestSupport
import Testing

@testable import Media

@Suite("Content keys that are kept", .orderly)
struct ContentKeyCacheTests {
    /// Keys of one generation, of which two are kept.
    private static let limit = 2048

    /// A key, as long as somebody keeps it.
    ///
    /// It is wiped with the last reference: see the tests of secret bytes.
    private struct Kept {
        weak var key: ContentEncryptionKey?
    }

    private func envelope(_ number: Int) throws -> EnvelopeMetadata {
        try EnvelopeMetadata(
            cipher: .aes256CBC, wrapping: .rsaPKCS1v15,
            wrappedKey: Array(repeating: 0, count: 254) + [UInt8(number / 256), UInt8(number % 256)],
            initializationVector: Array(repeating: 0, count: 16))
    }

    private func key() throws -> ContentEncryptionKey {
        try ContentEncryptionKey(SecretBytes([UInt8](repeating: 7, count: 32)))
    }

    /// Has keys of the envelopes with some numbers kept.
    private func insert(_ numbers: Range<Int>, in cache: inout ContentKeyCache) throws -> [Kept] {
        var kept: [Kept] = []
        for number in numbers {
            let key = try key()
            cache.insert(key, of: try envelope(number))
            kept.append(Kept(key: key))
        }
        return kept
    }

    private func areThere(_ kept: some Sequence<Kept>) -> Bool { kept.allSatisfy { $0.key != nil } }

    private func haveGone(_ kept: some Sequence<Kept>) -> Bool { kept.allSatisfy { $0.key == nil } }

    @Test("A key is found by its own envelope alone, however often")
    func found() throws {
        var cache = ContentKeyCache()
        let key = try key()
        cache.insert(key, of: try envelope(1))
        for _ in 0..<3 {
            let (own, other) = (cache.key(of: try envelope(1)), cache.key(of: try envelope(2)))
            #expect(own === key && other == nil)
        }
    }

    @Test("Two generations are kept at the most, the older goes first, and nobody keeps what has gone")
    func bounded() throws {
        var cache = ContentKeyCache()
        let first = try insert(0..<Self.limit, in: &cache)
        let second = try insert(Self.limit..<2 * Self.limit, in: &cache)
        #expect(areThere(first) && areThere(second))
        let third = try insert(2 * Self.limit..<2 * Self.limit + 1, in: &cache)
        #expect(haveGone(first) && areThere(second) && areThere(third))
        let others = try insert(2 * Self.limit + 1..<8 * Self.limit, in: &cache)
        #expect(haveGone(second))
        #expect((third + others).count { $0.key != nil } <= 2 * Self.limit)
        #expect(areThere(others.suffix(Self.limit)))
    }

    @Test("A key that is used stays")
    func used() throws {
        var cache = ContentKeyCache()
        let first = try insert(0..<Self.limit, in: &cache)
        var number = Self.limit
        for _ in 0..<3 {
            // As many as make the latest generation the older one, together with the one that is used.
            _ = try insert(number..<number + 1, in: &cache)
            let found = cache.key(of: try envelope(0))
            #expect(found != nil && found === first[0].key)
            _ = try insert(number + 1..<number + Self.limit - 1, in: &cache)
            number += Self.limit - 1
        }
        #expect(areThere(first.prefix(1)) && haveGone(first.dropFirst()))
    }
}
