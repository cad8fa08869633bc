import Transfer

/// The address of media outside of Twilio, taken apart and written as a signature of AWS needs it.
///
/// S3 computes a signature over the path as it writes it itself: every byte of the key percent-encoded with capital
/// digits, except letters, digits, `-`, `.`, `_`, `~` and the slashes. libcurl signs the path as it stands, so it has
/// to stand here in that very form, whichever way the resource spells it.
struct ForeignLocation: Hashable {
    /// The longest address: a key has 1024 bytes at most, each of which can be percent-encoded.
    private static let longestText = 8 << 10
    private static let slash = UInt8(ascii: "/")

    /// The scheme: `https`, `http` or `s3`.
    let scheme: String
    /// The host in small letters; the bucket for the scheme `s3`.
    let host: String
    /// The port with its colon; empty for the scheme's own.
    let port: String
    /// The canonical path, which begins with a slash.
    let path: String
    /// The version of an object, `versionId=…`; no other field of a query means anything to an object.
    let query: String?

    /// Takes an address apart; nil when it isn't one.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longestText, let mark = text.firstRange(of: "://") else { return nil }
        scheme = text[..<mark.lowerBound].lowercased()
        guard ["https", "http", "s3"].contains(scheme) else { return nil }
        let rest = text[mark.upperBound...].utf8
        let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        guard let (host, port) = Self.hostAndPort(rest[..<end]) else { return nil }
        (self.host, self.port) = (host, port == Self.ownPort(of: scheme) ? "" : port)
        guard scheme != "s3" else {
            // In such an address the key stands as it is.
            path = "/" + PercentEncoding.encoded(rest[end...].dropFirst(), keeping: Self.slash)
            query = nil
            return
        }
        let target = rest[end...].prefix { $0 != UInt8(ascii: "#") }
        let parts = target.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        // A plus sign means itself here.
        let bytes = PercentEncoding.decoded(parts.first.map(Array.init) ?? [])
        path = bytes.isEmpty ? "/" : PercentEncoding.encoded(bytes, keeping: Self.slash)
        query = parts.count > 1 ? Self.version(in: parts[1]) : nil
    }

    /// The version in a query, written canonically.
    private static func version(in query: Substring.UTF8View) -> String? {
        let name = "versionId="
        guard let field = query.split(separator: UInt8(ascii: "&")).first(where: { $0.starts(with: name.utf8) }) else {
            return nil
        }
        let value = PercentEncoding.encoded(PercentEncoding.decoded(field.dropFirst(name.utf8.count)))
        return value.isEmpty ? nil : name + value
    }

    /// The port with its colon that an address of a scheme leaves out; nil for none.
    private static func ownPort(of scheme: String) -> String? {
        switch scheme {
        case "https": ":443"
        case "http": ":80"
        default: nil
        }
    }

    /// The host and the port with its colon; nil for an authority with a user's name or characters of no host name.
    private static func hostAndPort(_ text: Substring.UTF8View) -> (String, String)? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        let isName = name.allSatisfy { character in
            character.isDigit || character.isSmallLetter || character.isCapitalLetter || "-._".utf8.contains(character)
        }
        guard isName else { return nil }
        let host = String(decoding: name, as: UTF8.self).lowercased()
        guard parts.count == 2, !parts[1].isEmpty else { return (host, "") }
        let port = String(decoding: parts[1], as: UTF8.self)
        guard parts[1].allSatisfy(\.isDigit), let number = Int(port), (1...65535).contains(number) else { return nil }
        return (host, ":\(number)")
    }
}
