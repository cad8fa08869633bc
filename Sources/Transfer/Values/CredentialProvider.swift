public import FoundationEssentials

/// Provides an account's credential, which may change: be renewed, read again, or made for each request.
///
/// It is asked for each request, retries and redirects included; no other code keeps a copy of the credential.
public protocol CredentialProvider: AnyObject, Sendable {
    /// The credential for a request to the account's own origin.
    ///
    /// Called on the transfer thread just before sending, so it must be quick.
    ///
    /// - Parameters:
    ///   - method: The request's method, such as `GET`.
    ///   - url: The request's URL.
    func credential(method: String, url: URL) -> Credential
}

/// A constant credential.
public final class FixedCredential: CredentialProvider {
    private let credential: Credential

    /// Makes a provider of a credential.
    public init(_ credential: Credential) { self.credential = credential }

    /// The credential, for any request.
    public func credential(method: String, url: URL) -> Credential { credential }
}
