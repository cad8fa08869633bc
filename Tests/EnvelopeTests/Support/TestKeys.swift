import Foundation

@testable import Envelope

/// An RSA key pair that the `openssl` command made.
struct TestKey: Sendable {
    let bitCount: Int
    /// PKCS#8.
    let file: URL
    let pem: Data
    let publicFile: URL
    let publicPEM: Data

    init(bitCount: Int) throws {
        self.bitCount = bitCount
        pem = try openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bitCount)")
        file = try TemporaryFolder.shared.file(containing: pem)
        publicPEM = try openssl("pkey", "-in", file.path, "-pubout")
        publicFile = try TemporaryFolder.shared.file(containing: publicPEM)
    }

    func privateKey() throws -> PrivateKey {
        try PrivateKey(pem: SecretBytes(pem), passphrase: nil)
    }

    /// A ring of this key alone.
    func ring(publicKeySID: String? = nil) throws -> KeyRing {
        KeyRing([KeyRing.Entry(publicKeySID: publicKeySID, name: "key.pem", key: try privateKey())])
    }
}

/// The keys of this test process, made once.
struct TestKeys: Sendable {
    static let shared = Result { try TestKeys() }

    let bits2048: TestKey
    let other2048: TestKey
    let bits3072: TestKey
    let bits4096: TestKey

    private init() throws {
        bits2048 = try TestKey(bitCount: 2048)
        other2048 = try TestKey(bitCount: 2048)
        bits3072 = try TestKey(bitCount: 3072)
        bits4096 = try TestKey(bitCount: 4096)
    }

    static func key(bitCount: Int) throws -> TestKey {
        let keys = try shared.get()
        return switch bitCount {
        case 3072: keys.bits3072
        case 4096: keys.bits4096
        default: keys.bits2048
        }
    }
}
