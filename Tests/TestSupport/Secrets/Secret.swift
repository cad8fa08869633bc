import Foundation

/// Something that no log may contain, in any form.
enum Secret: Hashable, Sendable {
    /// A password, a token or a signature; of several lines, such as a private key, each is secret.
    case text(String)
    /// A content key.
    case bytes([UInt8])

    /// Shorter texts stand anywhere by chance.
    private static let shortest = 8
    /// So do texts of fewer different characters: a token of zeros, which some test makes up, is in many a SID.
    private static let fewestDifferent = 5

    /// The texts that give it away.
    var forms: Set<String> {
        switch self {
        case .text(let text):
            let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }
            return lines.filter { Set($0.utf8).count >= Self.fewestDifferent }.reduce(into: []) { forms, line in
                forms.formUnion(Self.forms(ofLine: String(line)).filter { $0.utf8.count >= Self.shortest })
            }
        case .bytes(let bytes):
            let base64 = Self.base64(of: bytes)
            let digits = ["%02x", "%02X"].map { format in bytes.map { Self.digits($0, format) }.joined() }
            // As Swift, Python and JSON write an array; eight numbers in a row are no chance.
            let numbers = bytes.prefix(Self.shortest).map(String.init).joined(separator: ", ")
            return Set(base64 + digits + [numbers, numbers.replacing(" ", with: "")])
        }
    }

    private static func forms(ofLine line: String) -> [String] {
        let bytes = Array(line.utf8)
        var forms = [line, line.replacing("/", with: "\\/"), bytes.map { digits($0, "%02x") }.joined()]
        for format in ["%%%02X", "%%%02x"] {
            let text = bytes.map { isUnreserved($0) ? String(decoding: [$0], as: UTF8.self) : digits($0, format) }
                .joined()
            forms += [text, text.replacing("%20", with: "+")]
        }
        return forms + base64(of: bytes)
    }

    /// Bytes in base64, whatever stands before them: three bytes become four characters.
    private static func base64(of bytes: [UInt8]) -> [String] {
        (0..<3).flatMap { skipped in
            let rest = bytes.dropFirst(skipped)
            let text = Data(rest.prefix(rest.count / 3 * 3)).base64EncodedString()
            return [text, text.replacing("+", with: "-").replacing("/", with: "_")]
        }
    }

    private static func digits(_ byte: UInt8, _ format: String) -> String { String(format: format, byte) }

    /// Whether a character stands in addresses as it is.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8.contains(byte)
    }
}
