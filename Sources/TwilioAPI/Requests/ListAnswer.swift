import Transfer

/// The answer to a request for a page of a list, not read yet.
///
/// It comes on the transfer thread, for which reading a megabyte is too much work: whoever gets it reads it on a thread
/// of their own.
public struct ListAnswer: Sendable {
    /// Which list.
    public let kind: MediaKind

    /// When the answer was made, by the server's clock (`Date`, RFC 9110, 6.6.1); nil when it doesn't tell.
    public let serverTime: Timestamp?

    private let body: [UInt8]

    /// Takes an answer as it came.
    init(_ response: Response, kind: MediaKind) {
        self.kind = kind
        body = response.body
        serverTime = response.head.headers["Date"].flatMap { Timestamp($0)?.bounded }
    }

    /// Reads the page: some microseconds for each resource.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when it isn't one.
    public func page() throws(TwilioError) -> ResourcePage {
        try ResourcePage(kind: kind, body: body, serverTime: serverTime)
    }
}
