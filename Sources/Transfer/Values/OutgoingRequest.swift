public import FoundationEssentials
public import Support

/// A request just before it is sent: what a signature covers.
public struct OutgoingRequest: Sendable {
    /// The method.
    public let method: RequestMethod
    /// The URL, sent as it is: its path isn't normalized.
    public let url: URL
    /// The body; empty for none.
    public let body: [UInt8]
    /// The header fields, without those that libcurl adds: `Host` (with the port where the URL has one), `User-Agent`,
    /// `Accept`, those of the body, and the authorization's own.
    public let headers: HeaderFields

    /// Describes a request.
    public init(method: RequestMethod, url: URL, body: [UInt8] = [], headers: HeaderFields = HeaderFields([])) {
        self.method = method
        self.url = url
        self.body = body
        self.headers = headers
    }
}

extension OutgoingRequest: Redacted {
    /// The method and the address without its query: that, a field or the body can be secret.
    public var description: String { "\(method.rawValue) \(url.withoutSecrets)" }
}
