import Foundation
import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Secret bytes", .orderly)
struct SecretBytesTests {
    private let secret = Array("hunter2hunter2hunter2hunter2hun!".utf8)

    @Test("What was put in comes out")
    func contents() {
        for count in [0, 1, 32, 5000] {
            let bytes = SecretBytes(secret.prefix(count))
            #expect(bytes.withUnsafeBytes { Array($0) } == Array(secret.prefix(count)))
            let filled = SecretBytes(count: count) { memory in
                #expect(memory.count == count && memory.allSatisfy { $0 == 0 })
                memory.initializeMemory(as: UInt8.self, repeating: 7)
            }
            #expect(filled.withUnsafeBytes { Array($0) } == Array(repeating: 7, count: count))
        }
    }

    @Test("Nothing prints what is in them")
    func printing() throws {
        let bytes = SecretBytes(secret)
        let key = try ContentEncryptionKey(bytes)
        var dumped = ""
        dump(bytes, to: &dumped)
        dump(key, to: &dumped)
        let texts = ["\(bytes)", String(reflecting: bytes), "\(key)", String(reflecting: key), dumped]
        for text in texts {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104, 117, 110"))
            #expect(!text.contains(hex(secret.prefix(4))))
        }
        #expect("\(bytes)" == "<32 secret bytes>")
    }

    @Test("An error of whoever fills them in is passed on")
    func throwing() {
        #expect(throws: CancellationError.self) {
            _ = try SecretBytes(count: 32) { _ in throw CancellationError() }
        }
    }

    @Test("The secure heap returns to what it was when secrets are let go, and wipes them")
    func release() async {
        // In a process of its own, since other tests use the same heap.
        await #expect(processExitsWith: .success) {
            let protection = SecureHeap.initialize()
            precondition(protection != .unavailable && protection == SecureHeap.initialize())
            let before = SecureHeap.bytesInUse
            var secrets = (0..<4000).map { _ in SecretBytes(Array(repeating: 0x5A, count: 32)) }
            precondition(SecureHeap.bytesInUse >= before + 4000 * 32)
            let first = secrets[0].withUnsafeBytes { $0 }
            precondition(first.allSatisfy { $0 == 0x5A })
            secrets.removeAll()
            precondition(SecureHeap.bytesInUse == before)
            // The arena stays mapped, so freed memory of it can be looked at. The allocator writes two links into the
            // beginning of a free piece; nothing of the secret is left, there or behind.
            precondition(!first.contains(0x5A) || first.count { $0 == 0x5A } <= 2)
            precondition(first.dropFirst(16).allSatisfy { $0 == 0 })

            let failed = try? SecretBytes(count: 64) { (_) throws(CancellationError) in throw CancellationError() }
            precondition(failed == nil && SecureHeap.bytesInUse == before)
        }
    }

    @Test("A full secure heap is told, and secrets go to ordinary memory then")
    func overflow() async {
        await #expect(processExitsWith: .success) {
            let first = SecretBytes(Array(repeating: 1, count: 32))
            precondition(!SecureHeap.hasOverflown)
            let secrets = (0...(SecureHeap.size / 32)).map { _ in SecretBytes(Array(repeating: 0x5A, count: 32)) }
            precondition(SecureHeap.hasOverflown)
            precondition(secrets.allSatisfy { $0.withUnsafeBytes { $0.allSatisfy { $0 == 0x5A } } })
            precondition(first.withUnsafeBytes { $0.allSatisfy { $0 == 1 } })
        }
    }

    @Test("A private key's numbers are on the secure heap, and leave it with the key")
    func privateKey() async {
        await #expect(processExitsWith: .success) {
            SecureHeap.initialize()
            let pem = try openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
            func use() throws -> Int {
                let key = try PrivateKey(pem: SecretBytes(pem), passphrase: nil)
                return withExtendedLifetime(key) { SecureHeap.bytesInUse }
            }
            // d, p, q and the three CRT numbers: 256 + 5 · 128 bytes.
            let before = SecureHeap.bytesInUse
            let during = try use()
            precondition(during >= before + 256 + 5 * 128)
            precondition(SecureHeap.bytesInUse == before)
        }
    }

    @Test("A full secure heap is no reason to fail")
    func exhaustion() async {
        await #expect(processExitsWith: .success) {
            let secrets = (0..<(2 * SecureHeap.size / 1024)).map { index in
                SecretBytes(Array(repeating: UInt8(truncatingIfNeeded: index), count: 1024))
            }
            for (index, secret) in secrets.enumerated() {
                precondition(secret.withUnsafeBytes { $0.allSatisfy { $0 == UInt8(truncatingIfNeeded: index) } })
            }
        }
    }

    @Test("Where memory can't be locked everything works, and it is said")
    func unlockable() async throws {
        await #expect(processExitsWith: .success) {
            // Root may lock whatever the limit is, so be nobody.
            precondition(geteuid() != 0 || setuid(65_534) == 0)
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            precondition(setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0)
            precondition(SecureHeap.initialize() == .unlocked)
            precondition(SecretBytes([1, 2, 3]).withUnsafeBytes { Array($0) } == [1, 2, 3])
        }
    }
}

@Suite("Errors", .orderly)
struct EnvelopeErrorTests {
    @Test("A description has the code, the message and libcrypto's words")
    func description() throws {
        let pem = Data("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8)
        let error = try #require(throws: EnvelopeError.self) {
            _ = try PrivateKey(pem: SecretBytes(pem), passphrase: nil)
        }
        #expect(error.code == .invalidPEM)
        #expect("\(error)".hasPrefix("The PEM text doesn't hold"))
        #expect("\(error)".contains("asn1"))
        #expect("\(EnvelopeError.Code.wrongKey)" == "wrongKey")
    }
}
