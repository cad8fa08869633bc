import Foundation
import ModuleTestSupport
import TestSupport
import Testing

@testable import Envelope

@Suite("Signatures with private keys", .orderly)
struct SigningTests {
    @Test("A signature is the one that openssl makes, which verifies it", arguments: [2048, 3072, 4096])
    func oracle(bits: Int) throws {
        let pair = try KeyPair.shared(bits: bits)
        let key = try pair.readPrivateKey()
        let folder = try TemporaryFolder()
        for message in [[], [0], Array("eyJ0.eyJ1".utf8), [UInt8](repeating: 7, count: 1_000_000)] {
            let signature = try key.signature(of: message.span.bytes)
            #expect(try openssl("dgst", "-sha256", "-sign", pair.privateKey(), input: Data(message)) == Data(signature))
            let file = try folder.file("signature", Data(signature))
            // It fails when it isn't right.
            try openssl("dgst", "-sha256", "-verify", pair.publicKey, "-signature", file, input: Data(message))
        }
    }

    @Test("Threads may sign with one key at the same time")
    func threads() throws {
        let key = try KeyPair.shared.readPrivateKey()
        let message = Array("message".utf8)
        let expected = try key.signature(of: message.span.bytes)
        let wrong = Awaited<Bool>()
        DispatchQueue.concurrentPerform(iterations: 64) { _ in
            wrong.add((try? key.signature(of: message.span.bytes)) != expected)
        }
        #expect(wrong.all.allSatisfy { !$0 } && wrong.all.count == 64)
    }

    @Test("A ring tells the SIDs that the private key of a pair was given with")
    func publicKeySIDs() throws {
        let (first, second) = (try KeyPair.shared.readPrivateKey(), try KeyPair.other.readPrivateKey())
        let ring = KeyRing([
            .init(publicKeySID: "CR1", use: .voice, name: "a", key: first),
            .init(publicKeySID: "CR2", name: "b", key: first), .init(publicKeySID: nil, name: "c", key: second),
        ])
        #expect(
            ring.publicKeySIDs == [first.publicKeyFingerprint: ["CR1", "CR2"], second.publicKeyFingerprint: []])
    }
}
