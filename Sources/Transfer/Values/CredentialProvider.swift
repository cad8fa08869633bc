/// Provides an account's credential, which may change: be obtained, renewed, read again, or made for each request.
///
/// It is asked for each request, retries and redirects included; no other code keeps a copy of the credential.
public protocol CredentialProvider: AnyObject, Sendable {
    /// The authorization of a request to the account's own origin; nil when it has to be obtained first, by `renew`.
    ///
    /// Called just before sending: on the transfer thread, so it must be quick, unless it ``takesTime``.
    func authorization(for request: OutgoingRequest) -> Authorization?

    /// Whether an authorization is made by somebody else, who may be slow: then it isn't asked for on the transfer
    /// thread, where everybody would wait, but on a thread for such work.
    var takesTime: Bool { get }

    /// Whether a response means that the request's authorization is refused, so that a newer one may help.
    ///
    /// Called on the transfer thread, so it must be quick.
    ///
    /// - Parameters:
    ///   - status: The response's status.
    ///   - body: The start of the response's body, at most 64 KiB.
    func isRefusal(status: Int, body: [UInt8]) -> Bool

    /// Whether a redirect to another origin keeps this provider.
    ///
    /// Called on the transfer thread, so it must be quick.
    func follows(to origin: Origin) -> Bool

    /// Whether it is the account's own credential, whose requests Twilio limits.
    var isOfAccount: Bool { get }

    /// Obtains an authorization; once for all who wait for it.
    ///
    /// Called on the transfer thread: must be quick; calls `completion` exactly once, now or later, from any thread.
    /// A transfer waits for it no longer than its patience allows.
    ///
    /// - Parameters:
    ///   - refused: The authorization that a server refused; nil when `authorization(for:)` had none.
    ///   - priority: The urgency of the transfer that waits.
    ///   - completion: Receives true when it is worth asking `authorization(for:)` again, false when there is nothing
    ///     newer than the refused one, or the error that ends the transfer with `credentialUnavailable`.
    func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void)
}

extension CredentialProvider {
    /// False.
    public var takesTime: Bool { false }

    /// True.
    public var isOfAccount: Bool { true }

    /// Whether the status is 401.
    public func isRefusal(status: Int, body: [UInt8]) -> Bool { status == 401 }

    /// No: the credential is for one origin.
    public func follows(to origin: Origin) -> Bool { false }

    /// Has nothing newer.
    public func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        completion(.success(false))
    }
}

/// A constant credential.
public final class FixedCredential: CredentialProvider {
    private let authorization: Authorization

    /// Makes a provider of a credential for HTTP Basic authentication.
    public init(_ credential: Credential) { authorization = .basic(credential) }

    /// The credential, for any request.
    public func authorization(for request: OutgoingRequest) -> Authorization? { authorization }
}
