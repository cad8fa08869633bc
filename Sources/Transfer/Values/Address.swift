public import FoundationEssentials
public import Support

/// A URL and the provider of its credential.
///
/// Each request asks the provider for the credential when it is sent. Only the URL's origin (scheme, host and port)
/// receives the credential, even if a server redirects elsewhere, and the origins that the provider follows to.
public struct Address: Sendable {
    /// The URL; its query may hold a secret, such as the signature of a presigned URL.
    public let url: URL
    /// The provider of the credential for this URL's origin.
    public let credentials: (any CredentialProvider)?
    /// The time from which on the address isn't used any more, since it expires; nil where that isn't known.
    var staleAt: SuspendingClock.Instant?
    /// The origin that redirected here, or told this address; nil for one that no server told.
    var teller: Origin?

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - url: An https URL, or an http URL of the loopback interface, without user information. Requests for any
    ///     other URL fail.
    ///   - credentials: The provider of the credential; nil if the URL itself authorizes requests.
    public init(url: URL, credentials: (any CredentialProvider)? = nil) {
        self.url = url
        self.credentials = credentials
    }

    /// This address without its credential, as a signature in the URL itself needs it.
    public var withoutCredentials: Address {
        var address = Address(url: url)
        (address.staleAt, address.teller) = (staleAt, teller)
        return address
    }
}

extension Address: Hashable {
    /// Whether the URLs are equal and the provider is the same object, wherever and whenever they were told.
    public static func == (left: Address, right: Address) -> Bool {
        left.url == right.url && left.credentials === right.credentials
    }

    /// Hashes the URL and the provider's identity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(url)
        hasher.combine(credentials.map(ObjectIdentifier.init))
    }
}

extension Address: Redacted {
    /// The URL without its query, fragment and user information, so that no secret reaches a log.
    public var description: String { url.withoutSecrets }
}
