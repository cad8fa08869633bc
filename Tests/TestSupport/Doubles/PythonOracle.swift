import Foundation

/// Seals with Python's `cryptography`, in batches, since starting it takes longer than sealing does.
public enum PythonOracle {
    /// One thing to do; bytes are in hexadecimal.
    public enum Request {
        /// AES-256-GCM, the tag appended.
        case sealGCM(key: [UInt8], vector: [UInt8], plaintext: [UInt8])
        /// AES-256-CBC with PKCS#7 padding.
        case sealCBC(key: [UInt8], vector: [UInt8], plaintext: [UInt8])
        /// AES-256-CBC without padding.
        case encryptCBC(key: [UInt8], vector: [UInt8], blocks: [UInt8])
        /// Whether GCM accepts ciphertext with tag: 01 or 00.
        case verdictGCM(key: [UInt8], vector: [UInt8], ciphertext: [UInt8])
        /// A 16-byte GCM initialization vector whose counter block J₀ ends with `counter`.
        case vector(key: [UInt8], counter: UInt32)
        /// RSAES-PKCS1-v1_5.
        case wrapPKCS1(publicPEM: String, bytes: [UInt8])
        /// RSAES-OAEP, with the digests of the label and of the mask.
        case wrapOAEP(publicPEM: String, bytes: [UInt8], digest: String, maskDigest: String)

        fileprivate var fields: [String: String] {
            switch self {
            case .sealGCM(let key, let vector, let plaintext):
                ["do": "gcm", "key": hex(key), "iv": hex(vector), "data": hex(plaintext)]
            case .sealCBC(let key, let vector, let plaintext):
                ["do": "cbc", "key": hex(key), "iv": hex(vector), "data": hex(plaintext)]
            case .encryptCBC(let key, let vector, let blocks):
                ["do": "cbc-raw", "key": hex(key), "iv": hex(vector), "data": hex(blocks)]
            case .verdictGCM(let key, let vector, let ciphertext):
                ["do": "gcm-verdict", "key": hex(key), "iv": hex(vector), "data": hex(ciphertext)]
            case .vector(let key, let counter):
                ["do": "vector", "key": hex(key), "counter": String(counter)]
            case .wrapPKCS1(let publicPEM, let bytes):
                ["do": "pkcs1", "pem": publicPEM, "data": hex(bytes)]
            case .wrapOAEP(let publicPEM, let bytes, let digest, let maskDigest):
                [
                    "do": "oaep", "pem": publicPEM, "data": hex(bytes),
                    "digest": digest, "mask": maskDigest,
                ]
            }
        }
    }

    /// Does several things.
    ///
    /// - Returns: a result for each.
    public static func perform(_ requests: [Request]) throws -> [[UInt8]] {
        let input = try JSONEncoder().encode(requests.map(\.fields))
        let results: [String] = try Python.value("seal", usesPackages: true, input: input)
        return results.map(bytes(hex:))
    }

    /// Does one thing.
    public static func perform(_ request: Request) throws -> [UInt8] {
        try perform([request])[0]
    }
}
