/// What OAuth calls a client: an identifier and a secret, for which tokens are given out; printing it hides the secret.
public struct OAuthClient: Sendable, Hashable {
    /// The identifier, `OQ…`.
    public let identifier: String
    private let secret: String

    /// Makes a client.
    public init(identifier: String, secret: String) {
        self.identifier = identifier
        self.secret = secret
    }

    /// The body of a request for a token (RFC 6749, 4.4.2), with the client's secret in it as Twilio expects.
    var tokenRequest: [UInt8] {
        let fields = [("client_id", identifier), ("client_secret", secret), ("grant_type", "client_credentials")]
        return Array(fields.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&").utf8)
    }

    /// A value of a form (application/x-www-form-urlencoded).
    private static func encoded(_ text: String) -> String {
        let marks = Array("-._~".utf8)
        return text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where marks.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}

extension OAuthClient: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The identifier only.
    public var description: String { "\(identifier):<redacted>" }
    /// The identifier only.
    public var debugDescription: String { description }
    /// The identifier only.
    public var customMirror: Mirror { Mirror(self, children: ["identifier": identifier]) }
}
