/// A provider of credentials that sends requests of its own, for tokens.
///
/// Separate from ``CredentialProvider``, so that the values of a request don't name the client that carries it.
public protocol ConnectedProvider: CredentialProvider {
    /// Takes the client that carries the provider's requests.
    ///
    /// Called before the first request to the account, perhaps more than once.
    func connect(to client: TransferClient)
}
