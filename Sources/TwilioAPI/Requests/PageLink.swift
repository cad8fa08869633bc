import FoundationEssentials

/// A link to the next page of a list, as received.
///
/// It is followed on the configured address with the credentials, so it has to lead to the same list of the same
/// account; other links are errors.
struct PageLink {
    private let components: URLComponents
    private let subject: String

    /// The longest link accepted, in bytes: real ones have 200.
    private static let longest = 2048

    /// Reads a link.
    ///
    /// - Parameter subject: The list, as the beginning of a message.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` for a text that is no address or too
    ///   long.
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

    /// The path and query to request from the configured address.
    ///
    /// The video API's links are absolute and name the public host even behind a proxy or a simulator; following them
    /// directly would bypass it with the credentials.
    ///
    /// - Parameters:
    ///   - path: The path of the list's pages.
    ///   - endpoint: The configured address.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` for a link to another place.
    func target(path: String, endpoint: URL) throws(TwilioError) -> String {
        if let host = components.host?.lowercased() {
            guard host == "twilio.com" || host.hasSuffix(".twilio.com") || host == endpoint.host()?.lowercased() else {
                throw TwilioError(
                    .malformedAnswer, "\(subject) continues at the host \(shown(host)): the link is not followed")
            }
        }
        // A proxy with its own path prefix may write links with or without the prefix.
        var base = endpoint.path(percentEncoded: true)
        while base.hasSuffix("/") { base.removeLast() }
        let linked = components.percentEncodedPath
        guard linked == path || linked == base + path else {
            throw TwilioError(
                .malformedAnswer, "\(subject) continues at \(shown(linked)), which is not a page of it")
        }
        return path + (components.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    /// A part of the link, which comes from a server, for messages.
    private func shown(_ text: String) -> String {
        "'\(text.unicodeScalars.prefix(200).map { (33...126).contains($0.value) ? String($0) : "?" }.joined())'"
    }
}
