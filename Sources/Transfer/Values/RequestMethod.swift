/// An HTTP method.
public enum RequestMethod: String, Sendable, Hashable, CaseIterable {
    /// Fetches the resource.
    case get = "GET"
    /// Fetches its head only.
    case head = "HEAD"
    /// Changes something; repeated only if the server didn't process it or was never reached, see
    /// ``Request/isHarmless``.
    case post = "POST"
    /// Removes the resource; repeated as sparingly as `post`.
    case delete = "DELETE"
}
