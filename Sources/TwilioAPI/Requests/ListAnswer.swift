/// An unparsed response with a page of a list.
///
/// It arrives on the transfer thread, which has no time to parse a megabyte: callers parse it on another thread.
public struct ListAnswer: Sendable {
    let kind: MediaKind
    let body: [UInt8]

    /// Parses the page, which takes some microseconds for each resource.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer``.
    public func page() throws(TwilioError) -> ResourcePage {
        try ResourcePage(kind: kind, body: body)
    }
}
