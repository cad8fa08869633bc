import FoundationEssentials
import Support

extension URL {
    /// The text without query, fragment and user information, so that no secret reaches a log.
    var withoutSecrets: String {
        guard var components = URLComponents(url: self, resolvingAgainstBaseURL: true) else { return "<malformed URL>" }
        components.query = nil
        components.fragment = nil
        components.user = nil
        components.password = nil
        // The URL may come from a server, as the target of a redirect does.
        return components.string.map { "\(ForeignText($0))" } ?? "<malformed URL>"
    }
}
