/// A request whose whole response is returned at once.
public struct Request: Sendable {
    /// The HTTP method.
    public typealias Method = RequestMethod

    /// The method.
    public var method: Method
    /// The address of the resource.
    public var address: Address
    /// The body, for `post` only.
    public var body: [UInt8]
    /// The urgency.
    public var priority: Priority
    /// The handling of redirects.
    public var redirects: RedirectPolicy
    /// The time limits and retries.
    public var patience: Patience
    /// The largest response in bytes, which is in ordinary memory; a larger one fails the request with `bodyTooLarge`.
    public var bodyLimit: Int
    /// Whether a 404 is repeated until the end of patience: media appears only seconds after its completion.
    public var retriesNotFound: Bool
    /// Whether repeating a `post` or `delete` does no more than sending it once, so that it is repeated like a `get`.
    public var isHarmless: Bool
    /// Checks a response with status 2xx, or 3xx if redirects are reported; returns its fault as the end of a
    /// sentence that begins with the address.
    ///
    /// Called once with the start of the body (at most 64 KiB), on the transfer thread. A rejected response is
    /// handled like status 503: repeated until the end of patience.
    public var refusal: (@Sendable (Response) -> String?)?

    /// Makes a request.
    public init(
        method: Method = .get, address: Address, body: [UInt8] = [], priority: Priority = .background,
        redirects: RedirectPolicy = .follow, patience: Patience = .standard, bodyLimit: Int,
        retriesNotFound: Bool = false, isHarmless: Bool = false, refusal: (@Sendable (Response) -> String?)? = nil
    ) {
        self.method = method
        self.address = address
        self.body = body
        self.priority = priority
        self.redirects = redirects
        self.patience = patience
        self.bodyLimit = bodyLimit
        self.retriesNotFound = retriesNotFound
        self.isHarmless = isHarmless
        self.refusal = refusal
    }
}

/// The handling of redirects (301, 302, 303, 307, 308).
public enum RedirectPolicy: Sendable, Hashable {
    /// They are followed, at most five in a row.
    case follow
    /// They are returned as responses.
    case report
}
