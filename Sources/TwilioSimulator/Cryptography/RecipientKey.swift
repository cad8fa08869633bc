import COpenSSL
import Support

/// Is a customer's RSA public key, for which content keys are wrapped.
///
/// `@unchecked Sendable` is safe: an `EVP_PKEY` that nobody changes may be used by many threads at once (OpenSSL's
/// `openssl-threads` page), and it is never changed after `init`.
final class RecipientKey: @unchecked Sendable {
    /// The ways in which Twilio and the S3 encryption client wrap a content key.
    enum Wrapping: Hashable {
        /// RSAES-OAEP with SHA-256 for both the label and MGF1: voice.
        case oaepSHA256
        /// RSAES-OAEP with SHA-1, a choice of the S3 client's version 2.
        case oaepSHA1
        /// RSAES-PKCS1-v1_5: video.
        case pkcs1
    }

    private let key: OpaquePointer

    /// Reads a public key from PEM text (`BEGIN PUBLIC KEY`).
    init(pem: [UInt8]) throws(SimulatorError) {
        // The BIO reads from the array's memory without copying: all of its life is within the closure.
        let read = pem.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let input = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { BIO_free(input) }
            return PEM_read_bio_PUBKEY(input, nil, nil, nil)
        }
        guard let key = read else {
            throw .cryptography("The public key isn't PEM text that begins with BEGIN PUBLIC KEY; give the right file")
        }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            EVP_PKEY_free(key)
            throw SimulatorError(.cryptography, "The public key isn't an RSA key; give one that is")
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// Hands out the key, which must not be changed.
    func withKey<Result>(_ body: (OpaquePointer) -> Result) -> Result { body(key) }

    /// Wraps a content key.
    func wrap(_ contentKey: [UInt8], _ wrapping: Wrapping) throws(SimulatorError) -> [UInt8] {
        guard let context = EVP_PKEY_CTX_new(key, nil) else { throw .cryptography("There is no memory") }
        defer { EVP_PKEY_CTX_free(context) }
        var done = EVP_PKEY_encrypt_init(context) == 1
        switch wrapping {
        case .pkcs1:
            done = done && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        case .oaepSHA256, .oaepSHA1:
            let digest = wrapping == .oaepSHA256 ? EVP_sha256() : EVP_sha1()
            done = done && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
            done = done && EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1
            done = done && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1
        }
        var result = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
        var length = result.count
        guard done, EVP_PKEY_encrypt(context, &result, &length, contentKey, contentKey.count) == 1 else {
            throw .cryptography("A content key can't be wrapped")
        }
        return Array(result.prefix(length))
    }
}
