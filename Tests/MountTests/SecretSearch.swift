import Foundation
import TestSupport
import Testing

/// A search for secrets in copies of the places where a mount could leave them.
///
/// It finds a secret as it is, in base64 (so also in the field of Basic authentication), in hexadecimal digits, and as
/// URLs, forms and JSON write it.
struct SecretSearch {
    /// Shorter texts stand anywhere by chance.
    private static let shortest = 8

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Adds a text as a place.
    func add(_ text: String, as place: String) throws { try folder.file("places/\(place)/text", text) }

    /// Adds a copy of a file, or of a folder with all that is in it, as a place.
    func add(copyOf path: String, as place: String) throws {
        let target = try folder.folder("places/\(place)")
        // The mount's folders can't be written to, so their copies couldn't be removed.
        let copying = ["cp", "-rf", "--no-preserve=mode", path, target]
        // A file may vanish while a program is using its folder.
        try wait(until: "\(path) is copied") { try Command.run(copying).end == .exited(0) }
    }

    /// The places in which one of some secrets stands, in any form.
    func places(of secrets: some Sequence<String>) throws -> Set<String> {
        Set(try findings(of: secrets).compactMap { $0.split(separator: "/").first.map(String.init) })
    }

    /// Lines `PLACE/FILE:TEXT`.
    func findings(of secrets: some Sequence<String>) throws -> Set<String> {
        let texts = secrets.reduce(into: Set<String>()) { $0.formUnion(Self.forms(of: $1)) }
        guard !texts.isEmpty else { throw CommandError("there is nothing to look for") }
        let list = try folder.file("texts", texts.sorted().joined(separator: "\n") + "\n")
        // Bytes, not characters: most files aren't texts.
        let result = try Command.run(
            ["env", "LC_ALL=C", "grep", "-raoF", "-f", list, "."], directory: folder.path("places"))
        guard result.end == .exited(0) || result.end == .exited(1) else { throw CommandError(result.errorText) }
        return Set(result.lines.map { String($0.dropFirst("./".count)) })
    }

    /// The forms of a secret; of several lines, of each.
    private static func forms(of secret: String) -> Set<String> {
        let lines = secret.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        return Set(lines.flatMap { forms(ofLine: String($0)) }.filter { $0.utf8.count >= shortest })
    }

    private static func forms(ofLine line: String) -> [String] {
        let bytes = Array(line.utf8)
        var forms = [line, line.replacing("/", with: "\\/"), bytes.map { digits($0, "%02x") }.joined()]
        for format in ["%%%02X", "%%%02x"] {
            let text = bytes.map { isUnreserved($0) ? String(decoding: [$0], as: UTF8.self) : digits($0, format) }
                .joined()
            forms += [text, text.replacing("%20", with: "+")]
        }
        // Three bytes become four characters; what stands before the secret may have any length.
        for skipped in 0..<3 {
            let rest = bytes.dropFirst(skipped)
            let text = Data(rest.prefix(rest.count / 3 * 3)).base64EncodedString()
            forms += [text, text.replacing("+", with: "-").replacing("/", with: "_")]
        }
        return forms
    }

    private static func digits(_ byte: UInt8, _ format: String) -> String { String(format: format, byte) }

    /// Whether a character stands in addresses as it is.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8.contains(byte)
    }
}
