import Envelope
import Support
import TwilioAPI

/// The line of a key's file that names its public key.
enum PublicKeyLine {
    /// The text before a key may name its public key; there is no room for much else.
    private static let longest = 200

    /// The SID of a public key that stands alone in a line; a file that is replaced with another key has another SID.
    static func sid(in contents: SecretBytes) -> SID? {
        contents.withUnsafeBytes { bytes in
            bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }).lazy
                .filter { $0.count <= longest && $0.contains(UInt8(ascii: "C")) }
                .compactMap { SID(String(decoding: $0, as: UTF8.self).trimmed) }.first { $0.prefix == "CR" }
        }
    }
}
