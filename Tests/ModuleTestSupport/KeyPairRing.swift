public import Envelope
public import TestSupport

extension KeyPair {
    /// A ring with the private key alone.
    public func ring(publicKeySID: String? = nil) throws -> KeyRing {
        KeyRing([KeyRing.Entry(publicKeySID: publicKeySID, name: "key.pem", key: try readPrivateKey())])
    }

    /// Reads the private key.
    public func readPrivateKey() throws -> PrivateKey {
        try PrivateKey(pem: SecretBytes(Array(privatePEM.utf8)), passphrase: nil)
    }
}
