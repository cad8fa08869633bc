import COpenSSL

/// The hash function of FIPS 180-4.
public enum SHA256 {
    /// The size of a digest in bytes.
    public static let size = 32

    /// The digest, 32 bytes.
    public static func digest(_ bytes: RawSpan) throws(EnvelopeError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        let isMade = bytes.withUnsafeBytes {
            EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) == 1
        }
        guard isMade else { throw LibcryptoError.failure("EVP_Digest") }
        return digest
    }

    /// The digest in lower-case hexadecimal digits.
    public static func hexadecimal(_ bytes: RawSpan) throws(EnvelopeError) -> String {
        try digest(bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
