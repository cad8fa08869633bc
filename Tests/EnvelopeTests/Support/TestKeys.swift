import Foundation
import TestSupport

@testable import Envelope

/// An RSA key pair that the `openssl` command made.
struct TestKey: Sendable {
    let bitCount: Int
    /// PKCS#8.
    let file: URL
    let pem: Data
    let publicFile: URL
    let publicPEM: Data

    init(_ pair: KeyPair, bitCount: Int) {
        self.bitCount = bitCount
        file = URL(filePath: pair.privateKey())
        pem = Data(pair.privatePEM.utf8)
        publicFile = URL(filePath: pair.publicKey)
        publicPEM = Data(pair.publicPEM.utf8)
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
        bits2048 = TestKey(try KeyPair.shared, bitCount: 2048)
        other2048 = TestKey(try KeyPair.other, bitCount: 2048)
        bits3072 = TestKey(try KeyPair.shared(bits: 3072), bitCount: 3072)
        bits4096 = TestKey(try KeyPair.shared(bits: 4096), bitCount: 4096)
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
