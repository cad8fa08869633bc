/// Something to ask a server, whose whole answer is wanted at once.
public struct Request: Sendable {
    /// What is to be done with the resource.
    public enum Method: String, Sendable, Hashable {
        /// Fetches it.
        case get = "GET"
        /// Fetches its header alone.
        case head = "HEAD"
        /// Changes something; repeated only when the server said that it wasn't processed, or was never reached.
        case post = "POST"
        /// Removes it; repeated as sparingly as `post`.
        case delete = "DELETE"
    }

    /// What is to be done.
    public var method: Method
    /// With which resource.
    public var address: Address
    /// Further header fields.
    ///
    /// `Authorization`, `Proxy-Authorization` and `Cookie` go to the address's origin alone.
    public var headers: [(String, String)]
    /// What is sent along; for `post` alone.
    public var body: [UInt8]
    /// Which part of the resource; `nil` for all of it.
    public var range: ByteRange?
    /// Who goes first.
    public var priority: Priority
    /// What becomes of redirects.
    public var redirects: RedirectPolicy
    /// How long to wait for what.
    public var patience: Patience
    /// The most bytes that an answer may have; beyond, the request fails with `bodyTooLarge`.
    public var bodyLimit: Int
    /// Whether a 404 is repeated until patience ends: media exists only seconds after it is complete.
    public var retriesNotFound: Bool
    /// Says why an answer with status 2xx, or 3xx where redirects are reported, can't be what was asked for, as the end
    /// of a sentence that begins with its address; `nil` for one that can.
    ///
    /// It gets the answer with the start of its body (at most 64 KiB), once, on the transfer thread. A refused answer
    /// is handled like status 503: it is repeated until patience ends.
    public var refusal: (@Sendable (Response) -> String?)?

    /// Makes a request.
    public init(
        method: Method = .get,
        address: Address,
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        range: ByteRange? = nil,
        priority: Priority = .background,
        redirects: RedirectPolicy = .follow,
        patience: Patience = Patience(),
        bodyLimit: Int = 64 << 20,
        retriesNotFound: Bool = false,
        refusal: (@Sendable (Response) -> String?)? = nil
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
        self.range = range
        self.priority = priority
        self.redirects = redirects
        self.patience = patience
        self.bodyLimit = bodyLimit
        self.retriesNotFound = retriesNotFound
        self.refusal = refusal
    }
}

/// What becomes of an answer that says where to look instead (301, 302, 303, 307, 308).
public enum RedirectPolicy: Sendable, Hashable {
    /// It is followed, at most five times in a row.
    case follow
    /// It is the answer.
    case report
}
