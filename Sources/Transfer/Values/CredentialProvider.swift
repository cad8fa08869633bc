public import FoundationEssentials

/// Knows an account's credential, which may change: it can be renewed, read again, or made for each request.
///
/// It is asked for each request, repetitions and redirects included, so that nobody keeps a copy of what it answers.
public protocol CredentialProvider: AnyObject, Sendable {
    /// The credential for a request that is about to be sent to the account's own origin.
    ///
    /// Called on the transfer thread, so it must be quick: it answers with what it has.
    ///
    /// - Parameters:
    ///   - method: The request's method, such as `GET`.
    ///   - url: Where it goes.
    func credential(method: String, url: URL) -> Credential
}

/// A credential that stays what it is.
public final class FixedCredential: CredentialProvider {
    private let credential: Credential

    /// Makes a provider of one credential.
    public init(_ credential: Credential) {
        self.credential = credential
    }

    /// Makes a provider of one user name and password.
    public convenience init(username: String, password: String) {
        self.init(Credential(username: username, password: password))
    }

    /// The credential, whatever it is for.
    public func credential(method: String, url: URL) -> Credential { credential }
}
