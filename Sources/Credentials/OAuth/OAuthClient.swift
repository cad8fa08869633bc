public import Support
import Transfer

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
        return Array(fields.map { "\($0)=\(PercentEncoding.encoded($1.utf8))" }.joined(separator: "&").utf8)
    }
}

extension OAuthClient: Redacted {
    /// The identifier only.
    public var description: String { "\(identifier):<redacted>" }
}
