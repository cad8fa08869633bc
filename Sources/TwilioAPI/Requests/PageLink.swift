import FoundationEssentials
import Transfer

/// The link to the next page of a list.
///
/// A request with the credentials follows it at the configured address, so it has to lead to the same list of the same
/// account; other links are errors.
enum PageLink {
    /// The longest link accepted, in bytes: real ones have 200.
    private static let longest = 2048

    /// Returns the path and query to request from the configured address.
    ///
    /// The video API's links are absolute and name the public host even behind a proxy or a simulator; following them
    /// directly would bypass it with the credentials.
    ///
    /// The query is encoded anew, in the one way that every reading of signed requests takes for the same.
    ///
    /// - Parameters:
    ///   - link: The link as received.
    ///   - path: The path of the list's pages.
    ///   - endpoint: The configured address.
    ///   - subject: The list, as the beginning of a message.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` for a link that is too long, no address
    ///   or the address of something else.
    static func target(
        of link: String, path: String, endpoint: URL, subject: String
    ) throws(TwilioError) -> String {
        guard link.utf8.count <= longest else {
            throw TwilioError(
                .malformedAnswer,
                "\(subject) continues at an address of \(link.utf8.count) bytes: the link is not followed")
        }
        guard let components = URLComponents(string: link) else {
            throw TwilioError(.malformedAnswer, "\(subject) continues at something that is not an address")
        }
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
        return path + (components.percentEncodedQuery.map { "?\(encodedAnew($0))" } ?? "")
    }

    /// A query of the same fields, in which all but the unreserved characters of RFC 3986 are encoded.
    ///
    /// Twilio's library for Python signs a query as it is, those for Java and JavaScript decode and encode it first; as
    /// which the server takes it isn't documented. The results differ for a colon, a `+` and an empty field, say.
    static func encodedAnew(_ query: String) -> String {
        query.split(separator: "&").map { field in
            field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(encodedAnew(part:))
                .joined(separator: "=")
        }.joined(separator: "&")
    }

    /// A name or value; a `+` is a blank, as in forms.
    private static func encodedAnew(part: Substring) -> String {
        let bytes = part.utf8.lazy.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentEncoding.encoded(PercentEncoding.decoded(bytes))
    }

    /// A part of the link for messages.
    private static func shown(_ text: String) -> String {
        "'\(text.unicodeScalars.prefix(200).map { (33...126).contains($0.value) ? String($0) : "?" }.joined())'"
    }
}
