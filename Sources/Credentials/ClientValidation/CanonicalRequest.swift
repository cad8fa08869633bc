import Envelope
import Transfer

/// A request in the form that is hashed for Public Key Client Validation.
///
/// Twilio's own libraries take its parts as they are sent (Python) or decode and encode them anew (Java, JavaScript).
/// Both come to the same for every address of the APIs that this program asks for: it encodes all but the unreserved
/// characters of RFC 3986, also in a link to the next page.
struct CanonicalRequest {
    /// The signed header fields, as the token names them.
    static let signedFields = "authorization;host"

    /// The text: method, path, sorted query, header fields, an empty line, their names, and the hash of the body.
    let text: String

    /// Describes a request; nil for one whose URL can't be used.
    ///
    /// - Parameter authorization: The value of its field `Authorization`.
    init?(_ request: OutgoingRequest, authorization: String) throws(EnvelopeError) {
        guard let target = request.target else { return nil }
        text = [
            request.method.rawValue, target.path, Self.sorted(target.query), "authorization:\(authorization)",
            "host:\(target.host)", "", Self.signedFields,
            // Without a body the hash is empty; it isn't the hash of no bytes.
            request.body.isEmpty ? "" : try SHA256.hexadecimal(request.body.span.bytes),
        ].joined(separator: "\n")
    }

    /// The text's SHA-256 in lower-case hexadecimal digits.
    var hash: String {
        get throws(EnvelopeError) { try SHA256.hexadecimal(Array(text.utf8).span.bytes) }
    }

    /// The fields of a query in the order of their bytes, names and values together.
    private static func sorted(_ query: String) -> String {
        query.split(separator: "&", omittingEmptySubsequences: false)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .joined(separator: "&")
    }
}
