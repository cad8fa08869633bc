import Envelope
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

@Suite("Content keys of other private keys that the padding accepts by chance", .orderly)
struct WrongContentKeyTests {
    /// A private key that unwraps what a test has chosen.
    private final class LuckyKey: HeldPrivateKey {
        private let key: ContentEncryptionKey
        let calls = Locked(0)

        init(_ key: ContentEncryptionKey) { self.key = key }

        var publicKeyFingerprint: String { String(repeating: "0", count: 64) }
        var isAvailable: Bool { true }

        func unwrap(_ wrapped: WrappedKey) throws(EnvelopeError) -> KeyUnwrapping {
            calls.withLock { $0 += 1 }
            return .unwrapped(key)
        }

        func signature(ofSHA256 digest: [UInt8]) throws(EnvelopeError) -> [UInt8] { [] }
    }

    private static func media() throws -> CapturedMedia {
        try #require(try CapturedMedia.all.get().first { $0.resource.kind == .videoRecording })
    }

    /// A wrong content key with which the padding agrees with the known size of the plaintext.
    private static func luckyKey() throws -> LuckyKey {
        let media = try media()
        let fields = Dictionary(media.fields.map { ($0.0.lowercased(), $0.1) }) { $1 }
        let kept = Dictionary(
            uniqueKeysWithValues: fields.map { ($0.key.replacing("x-amz-meta-", with: ""), $0.value) })
        let metadata = try #require(
            try EnvelopeMetadata.s3EncryptionClient { kept[$0.replacing("x-amz-meta-", with: "")] })
        let tail = Array(media.served.suffix(32))
        for number in 0..<100_000 {
            let bytes = (0..<32).map { UInt8(truncatingIfNeeded: number >> ($0 % 3 * 8)) }
            let key = try ContentEncryptionKey(SecretBytes(bytes))
            let size = try? ContentDecryptor(key: key, metadata: metadata).plaintextSize(
                fromPaddingIn: tail.span.bytes, ciphertextSize: Int64(media.served.count))
            if size == Int64(media.plaintext.count) { return LuckyKey(key) }
        }
        throw EnvelopeError(.wrongKey, "there is none")
    }

    @Test(
        "The beginning shows that it is the wrong one, and the next opening has the right one", arguments: [0, 300_000])
    func several(offset: Int) throws {
        let lucky = try Self.luckyKey()
        let ring = KeyRing([
            KeyRing.Entry(publicKeySID: nil, name: "lucky.pem", key: lucky),
            KeyRing.Entry(publicKeySID: nil, name: "right.pem", key: try KeyPair.shared.readPrivateKey()),
        ])
        let bench = try FakeNetworkBench(.videoRecording, ring: ring)
        let reader = try bench.open()
        let error = #expect(throws: MediaError.self) { try bench.read(reader, offset..<(offset + 1000)) }
        #expect(error?.code == .integrityFailed && reader.isOutdated)
        let again = try bench.open()
        let bytes = try bench.read(again, offset..<(offset + 1000))
        #expect(bytes == Array(bench.media.plaintext[offset..<(offset + 1000)]))
        #expect(try areSame(bench.read(again, 0..<bench.media.plaintext.count), bench.media.plaintext))
    }

    @Test("Content that was damaged on its way is read once it isn't any more, though its key was rejected")
    func damaged() throws {
        let ring = KeyRing([
            KeyRing.Entry(publicKeySID: nil, name: "other.pem", key: try KeyPair.other.readPrivateKey()),
            KeyRing.Entry(publicKeySID: nil, name: "right.pem", key: try KeyPair.shared.readPrivateKey()),
        ])
        let bench = try FakeNetworkBench(.videoRecording, ring: ring)
        bench.network.files[0].damagedPlace = 1
        for _ in 0..<3 {
            let reader = try bench.open()
            #expect(throws: MediaError.self) { try bench.read(reader, 0..<1000) }
        }
        bench.network.files[0].damagedPlace = nil
        let reader = try bench.open()
        #expect(try bench.read(reader, 0..<1000) == Array(bench.media.plaintext.prefix(1000)))
    }

    @Test("A public key counts as held only by what its private key has really opened")
    func proof() throws {
        let held = HeldKeys(KeyRing([]))
        let (lucky, right) = (
            try ContentEncryptionKey(SecretBytes(Array(0..<32))), try ContentEncryptionKey(SecretBytes(Array(1..<33)))
        )
        let envelopes = try (0..<2).map {
            try EnvelopeMetadata(
                cipher: .aes256CBC, wrapping: .rsaPKCS1v15, wrappedKey: Array(repeating: $0, count: 256),
                initializationVector: Array(repeating: 0, count: 16))
        }
        let proven = ProvenKey(publicKeySID: "CR" + String(repeating: "1", count: 32), use: .video)
        held.note(lucky, of: envelopes[0], proving: proven, by: held.now)
        #expect(held.isHeld(proven.publicKeySID, for: .video) == true)
        held.reject(lucky, of: envelopes[0])
        #expect(held.isHeld(proven.publicKeySID, for: .video) != true && held.contentKey(of: envelopes[0]) == nil)
        #expect(held.rejectedKeys(of: envelopes[0]).map { $0.isSame(as: lucky) } == [true] && !right.isSame(as: lucky))
        held.note(right, of: envelopes[1], proving: proven, by: held.now)
        held.reject(lucky, of: envelopes[0])
        #expect(held.isHeld(proven.publicKeySID, for: .video) == true)
    }
}
