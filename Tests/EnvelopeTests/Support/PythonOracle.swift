import Foundation
import TestSupport

/// Seals with Python's `cryptography`, in batches, since starting it takes longer than sealing does.
enum PythonOracle {
    /// One thing to do; bytes are in hexadecimal.
    enum Request {
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
        case wrapPKCS1(publicPEM: Data, bytes: [UInt8])
        case wrapOAEP(publicPEM: Data, bytes: [UInt8], digest: String, maskDigest: String)

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
                ["do": "pkcs1", "pem": String(decoding: publicPEM, as: UTF8.self), "data": hex(bytes)]
            case .wrapOAEP(let publicPEM, let bytes, let digest, let maskDigest):
                [
                    "do": "oaep", "pem": String(decoding: publicPEM, as: UTF8.self), "data": hex(bytes),
                    "digest": digest, "mask": maskDigest,
                ]
            }
        }
    }

    /// Does all of `requests`, and returns a result for each.
    static func perform(_ requests: [Request]) throws -> [[UInt8]] {
        let input = try JSONEncoder().encode(requests.map(\.fields))
        let output = try run("/usr/bin/python3", ["-c", program], input: input)
        return try JSONDecoder().decode([String].self, from: output).map(bytes(hex:))
    }

    static func perform(_ request: Request) throws -> [UInt8] {
        try perform([request])[0]
    }

    private static let program = """
        import json, os, sys
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives import hashes, padding as block_padding, serialization
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        def multiply(x, y):
            z = 0
            for i in range(128):
                if x >> (127 - i) & 1:
                    z ^= y
                y = y >> 1 ^ (0xe1 << 120 if y & 1 else 0)
            return z

        def inverse(x):
            result, exponent = 1 << 127, (1 << 128) - 2
            while exponent:
                if exponent & 1:
                    result = multiply(result, x)
                x, exponent = multiply(x, x), exponent >> 1
            return result

        def ecb(key):
            return Cipher(algorithms.AES(key), modes.ECB())

        def vector(key, counter):
            h = int.from_bytes(ecb(key).encryptor().update(bytes(16)), "big")
            j0 = int.from_bytes(os.urandom(12), "big") << 32 | counter
            over_h = inverse(h)
            iv = multiply(multiply(j0, over_h) ^ 128, over_h).to_bytes(16, "big")
            stream = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor().update(bytes(16))
            first = int.from_bytes(ecb(key).decryptor().update(stream), "big")
            assert first & 0xffffffff == (counter + 1) & 0xffffffff and first >> 32 == j0 >> 32
            return iv

        def perform(request):
            get = lambda name: bytes.fromhex(request[name])
            do = request["do"]
            if do == "vector":
                return vector(get("key"), int(request["counter"]))
            data = get("data")
            if do == "gcm":
                encryptor = Cipher(algorithms.AES(get("key")), modes.GCM(get("iv"))).encryptor()
                return encryptor.update(data) + encryptor.finalize() + encryptor.tag
            if do == "gcm-verdict":
                decryptor = Cipher(algorithms.AES(get("key")), modes.GCM(get("iv"), data[-16:])).decryptor()
                try:
                    decryptor.update(data[:-16])
                    decryptor.finalize()
                    return b"\\x01"
                except InvalidTag:
                    return b"\\x00"
            if do in ("cbc", "cbc-raw"):
                if do == "cbc":
                    padder = block_padding.PKCS7(128).padder()
                    data = padder.update(data) + padder.finalize()
                encryptor = Cipher(algorithms.AES(get("key")), modes.CBC(get("iv"))).encryptor()
                return encryptor.update(data) + encryptor.finalize()
            key = serialization.load_pem_public_key(request["pem"].encode())
            if do == "pkcs1":
                return key.encrypt(data, padding.PKCS1v15())
            digests = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}
            mask = padding.MGF1(digests[request["mask"]])
            return key.encrypt(data, padding.OAEP(mask, digests[request["digest"]], None))

        json.dump([perform(request).hex() for request in json.load(sys.stdin)], sys.stdout)
        """
}
