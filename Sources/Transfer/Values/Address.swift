public import FoundationEssentials
import Support

/// Where something is, and what proves that one may have it.
///
/// The credential is sent to the URL's origin (scheme, host and port) alone, whatever a server redirects to.
public struct Address: Sendable, Hashable {
    /// The URL.
    ///
    /// Its query can be a secret: presigned URLs carry their signature there.
    public let url: URL
    /// What is sent as HTTP Basic authentication, to this URL's origin alone.
    public let credential: Credential?

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - url: An https URL, or an http URL of this machine's loopback, without user information. Others are refused
    ///     when used.
    ///   - credential: What to authenticate with; `nil` where the URL itself is proof enough.
    public init(url: URL, credential: Credential? = nil) {
        self.url = url
        self.credential = credential
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
