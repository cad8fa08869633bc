import Envelope
import Support

/// The private keys that the key process holds, each with what it may be used for.
///
/// The rules of ``KeyRing`` are enforced here, where the process that strangers send to can't change them: a key that
/// unwraps never signs, one that signs never unwraps, and RSAES-PKCS1-v1_5 is tried only where ``KeyRing/Entry`` allows
/// it.
struct KeyTable: Sendable {
    private enum Held: Sendable {
        case unwrapping(KeyRing.Entry)
        case signing(any HeldPrivateKey)
    }

    private var held: [UInt32: Held] = [:]
    private var last: UInt32 = 0

    /// Adds a key.
    mutating func add(_ key: any HeldPrivateKey, for purpose: KeyFileRequest.Purpose) -> KeyDescription {
        last += 1
        switch purpose {
        case .signing: held[last] = .signing(key)
        case .unwrapping(let use, let sid):
            held[last] = .unwrapping(KeyRing.Entry(publicKeySID: sid, use: use, name: "", key: key))
        }
        return KeyDescription(number: last, fingerprint: key.publicKeyFingerprint)
    }

    /// The key that may be tried for a wrapped key; nil if there is none with this number that may.
    func key(_ number: UInt32, unwrapping wrapped: WrappedKey) -> (any HeldPrivateKey)? {
        guard case .unwrapping(let entry) = held[number], entry.isCandidate(for: wrapped) else { return nil }
        return entry.key
    }

    /// The key that signs; nil if there is none with this number that may.
    func signingKey(_ number: UInt32) -> (any HeldPrivateKey)? {
        guard case .signing(let key) = held[number] else { return nil }
        return key
    }

    /// Forgets a key; what is being done with it is finished.
    mutating func forget(_ number: UInt32) { held[number] = nil }

    /// Uses each key once, so that libcrypto has made all that it makes at the first use.
    func warmUp() {
        let keys = held.values.map { held in
            switch held {
            case .unwrapping(let entry): entry.key
            case .signing(let key): key
            }
        }
        for key in keys {
            guard let signature = try? key.signature(ofSHA256: [UInt8](repeating: 0, count: SHA256.size)) else {
                continue
            }
            for wrapping in [EnvelopeMetadata.KeyWrapping.rsaPKCS1v15, .rsaOAEPSHA256, .rsaOAEPSHA1KEM] {
                // As long as the modulus, as a signature is.
                _ = try? key.unwrap(
                    WrappedKey(wrapping: wrapping, cipher: .aes256CBC, publicKeySID: nil, bytes: signature))
            }
        }
    }
}
