import COpenSSL
import Support

/// Computes a message digest piece by piece.
///
/// Not shared between threads: whoever makes one feeds it.
final class Digest {
    /// The functions in use: SHA-256 names things and signs addresses, MD5 is what S3's headers carry.
    enum Function {
        case sha256
        case md5
    }

    private let context: OpaquePointer
    private let size: Int

    init(_ function: Function) throws(SimulatorError) {
        guard let context = EVP_MD_CTX_new() else { throw .cryptography("A digest can't be made") }
        guard EVP_DigestInit_ex(context, function == .sha256 ? EVP_sha256() : EVP_md5(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw .cryptography("A digest can't be started")
        }
        self.context = context
        size = function == .sha256 ? 32 : 16
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Feeds further bytes.
    func update(_ bytes: UnsafeRawBufferPointer) throws(SimulatorError) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            throw .cryptography("A digest can't be fed")
        }
    }

    /// Ends the message and gives its digest.
    func finish() throws(SimulatorError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: size)
        guard EVP_DigestFinal_ex(context, &result, nil) == 1 else { throw .cryptography("A digest can't be ended") }
        return result
    }

    /// Computes the digest of a whole message.
    static func of(_ bytes: some Collection<UInt8>, _ function: Function = .sha256) throws(SimulatorError) -> [UInt8] {
        let digest = try Digest(function)
        // The closure form can't throw a typed error through; the result is handed out instead.
        let outcome: Result<Void, SimulatorError> = Array(bytes).withUnsafeBytes { pointer in
            do throws(SimulatorError) { return .success(try digest.update(pointer)) } catch { return .failure(error) }
        }
        try outcome.get()
        return try digest.finish()
    }
}

/// Computes HMAC-SHA-256 (RFC 2104).
func hmacSHA256(key: [UInt8], _ message: [UInt8]) throws(SimulatorError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    var length = 0
    guard
        EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, &result, result.count, &length)
            != nil
    else { throw .cryptography("A message can't be authenticated") }
    return result
}

/// Gives bytes from libcrypto's random generator.
func randomBytes(_ count: Int) throws(SimulatorError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&result, Int32(count)) == 1 else { throw .cryptography("There are no random bytes") }
    return result
}

extension SimulatorError {
    /// Makes an error with the oldest entry of libcrypto's error queue as its explanation, and empties the queue.
    static func cryptography(_ message: String) -> SimulatorError {
        let number = ERR_get_error()
        ERR_clear_error()
        guard number != 0, let reason = ERR_reason_error_string(number) else {
            return SimulatorError(.cryptography, message)
        }
        return SimulatorError(.cryptography, "\(message): \(String(cString: reason))")
    }
}
