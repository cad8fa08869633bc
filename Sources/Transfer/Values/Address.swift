public import FoundationEssentials
import Support

/// Where something is, and who knows the credential with which it can be had.
///
/// Each request asks for the credential when it is sent. The credential reaches the URL's origin (scheme, host and
/// port) alone, whatever a server redirects to.
public struct Address: Sendable {
    /// The URL.
    ///
    /// Its query can be a secret: presigned URLs carry their signature there.
    public let url: URL
    /// Knows what is sent as HTTP Basic authentication, to this URL's origin alone.
    public let credentials: (any CredentialProvider)?

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - url: An https URL, or an http URL of this machine's loopback, without user information. Others are refused
    ///     when used.
    ///   - credentials: Knows what to authenticate with; `nil` where the URL itself is proof enough.
    public init(url: URL, credentials: (any CredentialProvider)? = nil) {
        self.url = url
        self.credentials = credentials
    }
}

extension Address: Hashable {
    /// Whether the URLs are the same, and the same object knows the credential.
    public static func == (left: Address, right: Address) -> Bool {
        left.url == right.url && left.credentials === right.credentials
    }

    /// Hashes the URL and who knows the credential.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(url)
        hasher.combine(credentials.map(ObjectIdentifier.init))
    }
}

extension Address: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without its query, fragment and user information, so that no secret reaches a log.
    public var description: String {
        guard var components = URLComponents(url: url, resolvingAgainstBaseURL: true) else { return "<malformed URL>" }
        components.query = nil
        components.fragment = nil
        components.user = nil
        components.password = nil
        // A redirect's target is a server's text.
        return components.string.map { "\(ForeignText($0))" } ?? "<malformed URL>"
    }

    /// The same as the description.
    public var debugDescription: String { description }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
