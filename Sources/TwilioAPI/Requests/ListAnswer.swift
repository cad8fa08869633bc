import Transfer

/// An unparsed response with a page of a list.
///
/// It arrives on the transfer thread, which has no time to parse a megabyte: callers parse it on another thread.
public struct ListAnswer: Sendable {
    /// The kind of the list.
    public let kind: MediaKind
    /// The time of the response by the server's clock (`Date`, RFC 9110, 6.6.1); nil without one.
    public let serverTime: Timestamp?

    private let body: [UInt8]

    /// Takes an unparsed response.
    init(_ response: Response, kind: MediaKind) {
        self.kind = kind
        body = response.body
        serverTime = response.head.headers["Date"].flatMap { Timestamp($0)?.bounded }
    }

    /// Parses the page, which takes some microseconds for each resource.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer``.
    public func page() throws(TwilioError) -> ResourcePage {
        try ResourcePage(kind: kind, body: body, serverTime: serverTime)
    }
}
