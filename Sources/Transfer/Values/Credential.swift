import FoundationEssentials
public import Support

/// A user name and password for HTTP Basic authentication (RFC 7617); printing it hides the password.
public struct Credential: Sendable, Hashable {
    /// The name: an account SID or an API key SID.
    public let username: String
    let password: String

    /// Makes a credential.
    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The value of the header field `Authorization` as libcurl sends it; as secret as the password.
    public var fieldValue: String { "Basic \(Data("\(username):\(password)".utf8).base64EncodedString())" }
}

extension Credential: Redacted {
    /// The user name only.
    public var description: String { "\(username):<redacted>" }
}
