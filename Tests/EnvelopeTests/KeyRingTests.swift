import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Unwrapping content keys", .orderly)
struct KeyRingTests {
    private let sid = "CRa804e6eb80d1138dc835bdaa1d68741c"

    private func metadata(
        _ wrapping: EnvelopeMetadata.KeyWrapping, _ wrappedKey: [UInt8], sid: String? = nil,
        cipher: EnvelopeMetadata.ContentCipher = .aes256CBC
    ) throws -> EnvelopeMetadata {
        try EnvelopeMetadata(
            cipher: cipher, wrapping: wrapping, wrappedKey: wrappedKey,
            initializationVector: Array(repeating: 0, count: 16), publicKeySID: sid)
    }

    private func bytes(of key: ContentEncryptionKey) -> [UInt8] {
        key.withUnsafeBytes { Array($0) }
    }

    private func failure(
        _ ring: KeyRing, _ metadata: EnvelopeMetadata, accepts: (ContentEncryptionKey) -> Bool = { _ in true }
    ) throws -> EnvelopeError {
        try #require(throws: EnvelopeError.self) { _ = try ring.unwrap(metadata, accepts: accepts) }
    }

    @Test("What the openssl command wrapped is unwrapped, with keys of every size", arguments: [2048, 3072, 4096])
    func opensslCommand(bitCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(bitCount))
        let key = try KeyPair.shared(bits: bitCount)
        let ring = try key.ring()
        let oaep = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256"]
        for (wrapping, options) in [
            (.rsaOAEPSHA256, oaep + ["rsa_mgf1_md:sha256"]), (.rsaOAEPSHA256, oaep + ["rsa_mgf1_md:sha1"]),
            (.rsaPKCS1v15, ["rsa_padding_mode:pkcs1"]),
        ] as [(EnvelopeMetadata.KeyWrapping, [String])] {
            let contentKey = generator.bytes(32)
            let wrapped = try openssl(
                ["pkeyutl", "-encrypt", "-pubin", "-inkey", key.publicKey] + options.flatMap { ["-pkeyopt", $0] },
                input: Data(contentKey))
            let unwrapped = try ring.unwrap(metadata(wrapping, [UInt8](wrapped))) { _ in true }
            #expect(bytes(of: unwrapped) == contentKey, "\(options)")
        }
    }

    @Test("What Python's cryptography wrapped is unwrapped, with keys of every size", arguments: [2048, 3072, 4096])
    func python(bitCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(bitCount) + 1)
        let key = try KeyPair.shared(bits: bitCount)
        let ring = try key.ring()
        let contentKey = generator.bytes(32)
        let named = { (name: String) in [32] + contentKey + Array(name.utf8) }
        let wrapped = try PythonOracle.perform([
            .wrapPKCS1(publicPEM: key.publicPEM, bytes: contentKey),
            .wrapOAEP(publicPEM: key.publicPEM, bytes: contentKey, digest: "sha256", maskDigest: "sha256"),
            .wrapOAEP(publicPEM: key.publicPEM, bytes: contentKey, digest: "sha256", maskDigest: "sha1"),
            .wrapOAEP(
                publicPEM: key.publicPEM, bytes: named("AES/CBC/PKCS5Padding"), digest: "sha1", maskDigest: "sha1"),
            .wrapOAEP(
                publicPEM: key.publicPEM, bytes: named("AES/GCM/NoPadding"), digest: "sha1", maskDigest: "sha1"),
        ])
        for metadata in [
            try metadata(.rsaPKCS1v15, wrapped[0]), try metadata(.rsaOAEPSHA256, wrapped[1]),
            try metadata(.rsaOAEPSHA256, wrapped[2]), try metadata(.rsaOAEPSHA1KEM, wrapped[3]),
            try metadata(.rsaOAEPSHA1KEM, wrapped[4], cipher: .aes256GCM),
        ] {
            #expect(try bytes(of: ring.unwrap(metadata) { _ in true }) == contentKey)
        }
    }

    @Test(
        "A content key that isn't 32 bytes is named, where OAEP proves that the key fits", arguments: [0, 16, 31, 33])
    func contentKeyLength(count: Int) throws {
        var generator = SeededGenerator(seed: 11)
        let key = try KeyPair.shared
        let ring = try key.ring()
        let short = generator.bytes(count)
        let wrapped = try PythonOracle.perform([
            .wrapOAEP(publicPEM: key.publicPEM, bytes: short, digest: "sha256", maskDigest: "sha256"),
            .wrapOAEP(
                publicPEM: key.publicPEM, bytes: [UInt8(count)] + short + Array("AES/CBC/PKCS5Padding".utf8),
                digest: "sha1", maskDigest: "sha1"),
            .wrapPKCS1(publicPEM: key.publicPEM, bytes: short),
        ])
        for metadata in [try metadata(.rsaOAEPSHA256, wrapped[0]), try metadata(.rsaOAEPSHA1KEM, wrapped[1])] {
            let error = try failure(ring, metadata)
            #expect(error.code == .invalidContentKeyLength)
            #expect(error.message.contains("\(count) bytes"))
        }
        // PKCS#1 v1.5 proves nothing, so the key counts as one that doesn't fit.
        #expect(try failure(ring, metadata(.rsaPKCS1v15, wrapped[2])).code == .keyNotHeld)
    }

    @Test("The S3 client's RSA-OAEP-SHA1 needs its length byte, the whole key and the right cipher's name")
    func namedKey() throws {
        var generator = SeededGenerator(seed: 12)
        let key = try KeyPair.shared
        let ring = try key.ring()
        let contentKey = generator.bytes(32)
        let cases: [(bytes: [UInt8], code: EnvelopeError.Code)] = [
            ([32] + contentKey + Array("AES/GCM/NoPadding".utf8), .invalidMetadata),
            ([32] + contentKey + Array("AES/CBC/PKCS5Paddin".utf8), .invalidMetadata),
            ([32] + contentKey + Array("AES/CBC/PKCS5Padding2".utf8), .invalidMetadata),
            ([32] + contentKey, .invalidContentKeyLength),
            ([32] + contentKey.dropLast(2), .invalidContentKeyLength),
            ([255] + contentKey + Array("AES/CBC/PKCS5Padding".utf8), .invalidContentKeyLength),
            ([32], .invalidContentKeyLength),
            ([], .invalidContentKeyLength),
        ]
        let wrapped = try PythonOracle.perform(
            cases.map { .wrapOAEP(publicPEM: key.publicPEM, bytes: $0.bytes, digest: "sha1", maskDigest: "sha1") })
        for (testCase, wrapped) in zip(cases, wrapped) {
            let error = try failure(ring, metadata(.rsaOAEPSHA1KEM, wrapped))
            #expect(error.code == testCase.code, "\(hex(testCase.bytes))")
            // The length byte tells how long the content key is; without it, there is nothing.
            if let length = testCase.bytes.first, length != 32 { #expect(error.message.contains(" \(length) bytes")) }
            if testCase.bytes.isEmpty { #expect(error.message.contains(" 0 bytes")) }
            if testCase.bytes.count == 31 { #expect(error.message.contains(" 30 bytes")) }
        }
    }

    @Test("The content key alone under RSA-OAEP-SHA1, as some clients wrap it, is unwrapped too")
    func keyAlone() throws {
        var generator = SeededGenerator(seed: 14)
        let key = try KeyPair.shared
        let contentKey = generator.bytes(32)
        let wrapped = try PythonOracle.perform(
            .wrapOAEP(publicPEM: key.publicPEM, bytes: contentKey, digest: "sha1", maskDigest: "sha1"))
        let unwrapped = try key.ring().unwrap(metadata(.rsaOAEPSHA1KEM, wrapped)) { _ in true }
        #expect(bytes(of: unwrapped) == contentKey)
    }

    @Test("The key tied to the SID is tried first, then the others that aren't tied to another")
    func order() throws {
        var generator = SeededGenerator(seed: 13)
        let contentKey = generator.bytes(32)
        let wrapped = try PythonOracle.perform(.wrapPKCS1(publicPEM: KeyPair.shared.publicPEM, bytes: contentKey))
        let right = try KeyPair.shared.readPrivateKey()
        let wrong = try KeyPair.other.readPrivateKey()
        let larger = try KeyPair.shared(bits: 4096).readPrivateKey()
        let rings = [
            KeyRing([
                .init(publicKeySID: nil, name: "a", key: wrong), .init(publicKeySID: nil, name: "b", key: right),
            ]),
            // The SID is stale.
            KeyRing([
                .init(publicKeySID: sid, name: "a", key: larger), .init(publicKeySID: sid, name: "b", key: wrong),
                .init(publicKeySID: nil, name: "c", key: right),
            ]),
            KeyRing([.init(publicKeySID: nil, name: "a", key: right)]),
            KeyRing([.init(publicKeySID: nil, use: .video, name: "a", key: right)]),
        ]
        for ring in rings {
            for sid in [sid, "CR3", nil] {
                let unwrapped = try ring.unwrap(metadata(.rsaPKCS1v15, wrapped, sid: sid)) {
                    bytes(of: $0) == contentKey
                }
                #expect(bytes(of: unwrapped) == contentKey)
            }
        }
        // With everything accepted, the first that fits is taken: the tied one, though it stands last.
        let oaep = try PythonOracle.perform(
            .wrapOAEP(publicPEM: KeyPair.shared.publicPEM, bytes: contentKey, digest: "sha256", maskDigest: "sha256"))
        var candidates = 0
        let tied = KeyRing([
            .init(publicKeySID: nil, name: "a", key: wrong), .init(publicKeySID: sid, name: "b", key: right),
        ])
        _ = try tied.unwrap(metadata(.rsaOAEPSHA256, oaep, sid: sid)) { _ in
            candidates += 1
            return true
        }
        #expect(candidates == 1)
    }

    @Test("When no key fits the error names the SID, the keys, and whether one is mapped")
    func nothingFits() throws {
        let wrapped = try PythonOracle.perform(
            .wrapOAEP(
                publicPEM: KeyPair.shared.publicPEM, bytes: Array(repeating: 1, count: 32), digest: "sha256",
                maskDigest: "sha256"))
        let metadata = try metadata(.rsaOAEPSHA256, wrapped, sid: sid)
        let wrong = try KeyPair.other.readPrivateKey()

        let nothingHeld = try failure(KeyRing([]), metadata)
        #expect(nothingHeld.code == .keyNotHeld)
        #expect(nothingHeld.message.contains(sid))

        let notMapped = try failure(KeyRing([.init(publicKeySID: "CR2", name: "old.pem", key: wrong)]), metadata)
        #expect(notMapped.code == .keyNotHeld)
        #expect(notMapped.message.contains(sid))
        #expect(notMapped.message.contains("old.pem"))

        let mapped = try failure(KeyRing([.init(publicKeySID: sid, name: "old.pem", key: wrong)]), metadata)
        #expect(mapped.code == .wrongKey)
        #expect(mapped.message.contains(sid))
        #expect(mapped.message.contains("old.pem"))
        #expect(mapped.cause != nil)
        #expect(!mapped.message.contains("other"), "there is one alone")
        #expect(mapped.message.contains("The private key old.pem, tied to"))
        let two = [
            KeyRing.Entry(publicKeySID: sid, name: "old.pem", key: wrong),
            KeyRing.Entry(publicKeySID: sid, name: "new.pem", key: wrong),
        ]
        #expect(try failure(KeyRing(two), metadata).message.contains("The private keys old.pem, new.pem, tied to"))
        let forVoice = KeyRing([.init(publicKeySID: nil, use: .voice, name: "voice.pem", key: wrong)])
        let ofVideo = try self.metadata(.rsaPKCS1v15, wrapped, sid: sid)
        let unusable = try failure(forVoice, ofVideo)
        #expect(unusable.code == .keyNotHeld && unusable.message.contains("another kind of recordings"))
        for (count, words) in [(1, "nor does the other one"), (2, "nor does any of the 2 others")] {
            var entries = [KeyRing.Entry(publicKeySID: sid, name: "old.pem", key: wrong)]
            for number in 0..<count {
                entries.append(KeyRing.Entry(publicKeySID: nil, name: "\(number).pem", key: wrong))
            }
            #expect(try failure(KeyRing(entries), metadata).message.contains(words))
        }

        let right = try KeyPair.shared.ring(publicKeySID: sid)
        #expect(try failure(right, metadata) { _ in false }.code == .contentDamaged)
    }

    @Test("A key is used for RSAES-PKCS1-v1_5 only where it may belong to the envelope; RSAES-OAEP is tried with each")
    func noOracle() throws {
        let key = try KeyPair.shared
        var generator = SeededGenerator(seed: 16)
        let contentKey = generator.bytes(32)
        let wrapped = try PythonOracle.perform([
            .wrapPKCS1(publicPEM: key.publicPEM, bytes: contentKey),
            .wrapOAEP(publicPEM: key.publicPEM, bytes: contentKey, digest: "sha256", maskDigest: "sha256"),
        ])
        let held = try key.readPrivateKey()
        let cases: [(tied: String?, use: KeyRing.Use?, named: String?, isTried: Bool)] = [
            (nil, nil, sid, true), (nil, nil, nil, true), (nil, .video, sid, true), (nil, .video, nil, true),
            (nil, .voice, sid, false), (nil, .voice, nil, false), (sid, nil, sid, true), (sid, nil, "CR2", false),
            (sid, nil, nil, false), (sid, .video, sid, true), (sid, .video, "CR2", false), (sid, .voice, sid, false),
        ]
        for (tied, use, named, isTried) in cases {
            let ring = KeyRing([.init(publicKeySID: tied, use: use, name: "key.pem", key: held)])
            var candidates = 0
            let accepts = { (key: ContentEncryptionKey) in
                candidates += 1
                return bytes(of: key) == contentKey
            }
            let video = try metadata(.rsaPKCS1v15, wrapped[0], sid: named)
            if isTried {
                _ = try ring.unwrap(video, accepts: accepts)
            } else {
                #expect(try failure(ring, video, accepts: accepts).code == .keyNotHeld)
            }
            #expect(candidates == (isTried ? 1 : 0), "\(tied ?? "untied") \(use?.rawValue ?? "any") \(named ?? "none")")
            #expect(ring.mayHold(publicKeySID: named, use: .video) == isTried)
            #expect(ring.mayHold(publicKeySID: named, use: .voice))
            _ = try ring.unwrap(metadata(.rsaOAEPSHA256, wrapped[1], sid: named), accepts: accepts)
        }
    }

    @Test("A ring includes another if it has each of its keys with the same use and SID, whatever their names")
    func inclusion() throws {
        let (key, other) = (try KeyPair.shared.readPrivateKey(), try KeyPair.other.readPrivateKey())
        let entry = KeyRing.Entry(publicKeySID: sid, use: .voice, name: "a.pem", key: key)
        let ring = KeyRing([entry, KeyRing.Entry(publicKeySID: nil, name: "b.pem", key: other)])
        #expect(ring.includes(ring) && ring.includes(KeyRing([])) && !KeyRing([]).includes(ring))
        #expect(ring.includes(KeyRing([KeyRing.Entry(publicKeySID: sid, use: .voice, name: "c.pem", key: key)])))
        for different in [
            KeyRing.Entry(publicKeySID: "CR2", use: .voice, name: "a.pem", key: key),
            KeyRing.Entry(publicKeySID: sid, use: .video, name: "a.pem", key: key),
            KeyRing.Entry(publicKeySID: sid, use: .voice, name: "a.pem", key: other),
            KeyRing.Entry(publicKeySID: nil, name: "b.pem", key: key),
        ] {
            #expect(!ring.includes(KeyRing([different])))
            #expect(!ring.includes(KeyRing([entry, different])))
        }
    }

    @Test("A key that is declared for voice alone is named where video would need it")
    func absence() throws {
        let held = try KeyPair.shared.readPrivateKey()
        for (tied, use, isNamed) in [
            (sid, .voice, true), (nil, .voice, true), ("CR2", .voice, false), ("CR2", .video, false),
        ] as [(String?, KeyRing.Use, Bool)] {
            let ring = KeyRing([.init(publicKeySID: tied, use: use, name: "key.pem", key: held)])
            let sentence = ring.absence(publicKeySID: sid, use: .video)
            #expect(sentence.contains(sid))
            #expect(sentence.contains("key.pem is declared for voice alone") == isNamed, "\(sentence)")
            #expect(sentence.contains("no private key is held") == !isNamed, "\(sentence)")
        }
        let nothing = KeyRing([]).absence(publicKeySID: sid, use: .voice)
        #expect(nothing.contains("no private key is held for public key \(sid)"))
    }

    @Test(
        "A wrapped key with a flipped bit doesn't open",
        arguments: [EnvelopeMetadata.KeyWrapping.rsaOAEPSHA256, .rsaPKCS1v15])
    func flippedBit(wrapping: EnvelopeMetadata.KeyWrapping) throws {
        let key = try KeyPair.shared
        let ring = try key.ring()
        var generator = SeededGenerator(seed: 14)
        let contentKey = generator.bytes(32)
        let wrapped = try PythonOracle.perform(
            wrapping == .rsaPKCS1v15
                ? .wrapPKCS1(publicPEM: key.publicPEM, bytes: contentKey)
                : .wrapOAEP(publicPEM: key.publicPEM, bytes: contentKey, digest: "sha256", maskDigest: "sha256"))
        for index in stride(from: 0, to: wrapped.count, by: 17) {
            var flipped = wrapped
            flipped[index] ^= 1
            let error = try failure(ring, metadata(wrapping, flipped)) { self.bytes(of: $0) == contentKey }
            #expect(error.code == .keyNotHeld)
        }
        #expect(try failure(ring, metadata(wrapping, Array(repeating: 0xFF, count: 256))).code == .keyNotHeld)
    }

    @Test("RSAES-PKCS1-v1_5 with a wrong key never yields a content key that the padding accepts, in 100 tries")
    func wrongKey() throws {
        let ring = try KeyPair.other.ring(publicKeySID: sid)
        var generator = SeededGenerator(seed: 15)
        let seals = try (0..<100).map { _ in try TestSeal(.aes256CBC, vectorSize: 16, using: &generator) }
        let right = try KeyPair.shared.ring()
        let publicPEM = try KeyPair.shared.publicPEM
        let results = try PythonOracle.perform(
            seals.map { .wrapPKCS1(publicPEM: publicPEM, bytes: $0.keyBytes) }
                + seals.map { $0.sealing(Array(repeating: 0, count: 1000)) })
        for (index, seal) in seals.enumerated() {
            let envelope = try EnvelopeMetadata(
                cipher: .aes256CBC, wrapping: .rsaPKCS1v15, wrappedKey: results[index],
                initializationVector: seal.vector, publicKeySID: sid)
            let ciphertext = results[seals.count + index]
            let accepts = { (key: ContentEncryptionKey) in
                let size = try? ContentDecryptor(key: key, metadata: envelope).plaintextSize(
                    fromPaddingIn: Array(ciphertext.suffix(32)).span.bytes, ciphertextSize: Int64(ciphertext.count))
                return size == 1000
            }
            // By chance a wrong key may yield 32 bytes.
            let code = try failure(ring, envelope, accepts: accepts).code
            #expect(code == .wrongKey || code == .contentDamaged)
            // The same question is answered with yes for the right key.
            #expect(throws: Never.self) { _ = try right.unwrap(envelope, accepts: accepts) }
        }
    }

    @Test(
        "With RSAES-PKCS1-v1_5, the error and the checks are the same for bad padding, another key and a wrong content key",
        arguments: [true, false])
    func sameFailures(isProven: Bool) throws {
        let wrapped = try PythonOracle.perform([
            .wrapPKCS1(publicPEM: KeyPair.shared.publicPEM, bytes: Array(1...32)),
            .wrapPKCS1(publicPEM: KeyPair.shared.publicPEM, bytes: Array(1...31)),
            .wrapPKCS1(publicPEM: KeyPair.other.publicPEM, bytes: Array(1...32)),
        ])
        let ring = KeyRing([
            .init(publicKeySID: nil, name: "a.pem", key: try KeyPair.shared(bits: 4096).readPrivateKey()),
            .init(publicKeySID: nil, name: "b.pem", key: try KeyPair.shared.readPrivateKey()),
        ])
        var observed: [(EnvelopeError, checks: Int)] = []
        for bytes in wrapped + [[UInt8](repeating: 7, count: 256)] {
            var checks = 0
            let error = try #require(throws: EnvelopeError.self) {
                _ = try ring.unwrap(metadata(.rsaPKCS1v15, bytes, sid: sid), isProven: isProven) { _ in
                    checks += 1
                    return false
                }
            }
            observed.append((error, checks))
        }
        #expect(Set(observed.map(\.0.message)).count == 1)
        #expect(Set(observed.map { "\($0.0.cause.debugDescription)" }) == ["nil"])
        #expect(observed.allSatisfy { $0.0.code == (isProven ? .contentDamaged : .keyNotHeld) && $0.checks == 2 })
    }

    @Test("Keys are used on many threads at once")
    func concurrency() async throws {
        let key = try KeyPair.shared
        let ring = try key.ring()
        let contentKey: [UInt8] = Array(1...32)
        let wrapped = try PythonOracle.perform(.wrapPKCS1(publicPEM: key.publicPEM, bytes: contentKey))
        let metadata = try metadata(.rsaPKCS1v15, wrapped)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask { try bytes(of: ring.unwrap(metadata) { _ in true }) == contentKey }
            }
            for try await isRight in group {
                #expect(isRight)
            }
        }
    }
}
