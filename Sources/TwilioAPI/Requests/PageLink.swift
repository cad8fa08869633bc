import FoundationEssentials

/// A link to the next page of a list, as a page gives it.
///
/// It is followed on the configured address, with the credentials, so it has to lead to the same list of the same
/// account: any other link is an error.
struct PageLink {
    private let components: URLComponents
    private let subject: String

    /// Bytes of a link, at most: real ones have 200.
    private static let longest = 2048

    /// Reads a link.
    ///
    /// - Parameter subject: the list, as a message begins with it.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when it isn't an address, or a longer
    ///   one than there are.
    init(_ text: String, subject: String) throws(TwilioError) {
        guard text.utf8.count <= Self.longest else {
            throw TwilioError(
                .malformedAnswer,
                "\(subject) continues at an address of \(text.utf8.count) bytes: the link is not followed")
        }
        guard let components = URLComponents(string: text) else {
            throw TwilioError(.malformedAnswer, "\(subject) continues at something that is not an address")
        }
        self.components = components
        self.subject = subject
    }

    /// The path and query to be asked for on the configured address.
    ///
    /// The video API's links are absolute and name the public host even where a proxy or a simulator stands between;
    /// going there would send the credentials past it.
    ///
    /// - Parameters:
    ///   - path: the path of the list's pages.
    ///   - endpoint: the configured address.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when it leads elsewhere.
    func target(path: String, endpoint: URL) throws(TwilioError) -> String {
        if let host = components.host?.lowercased() {
            guard host == "twilio.com" || host.hasSuffix(".twilio.com") || host == endpoint.host()?.lowercased() else {
                throw TwilioError(
                    .malformedAnswer, "\(subject) continues at the host \(shown(host)): the link is not followed")
            }
        }
        // A proxy below a path of its own may write its links with or without that.
        var base = endpoint.path(percentEncoded: true)
        while base.hasSuffix("/") { base.removeLast() }
        let linked = components.percentEncodedPath
        guard linked == path || linked == base + path else {
            throw TwilioError(
                .malformedAnswer, "\(subject) continues at \(shown(linked)), which is not a page of it")
        }
        return path + (components.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    /// A part of the link for messages: it is a server's.
    private func shown(_ text: String) -> String {
        "'\(text.unicodeScalars.prefix(200).map { (33...126).contains($0.value) ? String($0) : "?" }.joined())'"
    }
}
