public import Transfer

/// Has another provider try a failed renewal again, once the files with its secret have been read again.
public final class RereadingProvider: ConnectedProvider {
    private let base: any CredentialProvider
    private let source: any Rereadable
    private let version: @Sendable () -> Int
    private let rereading: Rereading

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - base: Makes authorizations from what the files hold.
    ///   - source: The files' value; `base` has to notice by itself that it has changed.
    public init<Value>(_ base: any CredentialProvider, source: FileValue<Value>, rereading: Rereading) {
        self.base = base
        self.source = source
        version = { source.version }
        self.rereading = rereading
    }

    /// Connects the base, if it sends requests.
    public func connect(to client: TransferClient) { (base as? any ConnectedProvider)?.connect(to: client) }

    /// The base's authorization.
    public func authorization(for request: OutgoingRequest) -> Authorization? { base.authorization(for: request) }

    /// Whether the base takes time.
    public var takesTime: Bool { base.takesTime }

    /// Whether the base takes a response for a refusal.
    public func isRefusal(status: Int, body: [UInt8]) -> Bool { base.isRefusal(status: status, body: body) }

    /// Whether the base follows to an origin.
    public func follows(to origin: Origin) -> Bool { base.follows(to: origin) }

    /// Whether the base is the account's own credential.
    public var isOfAccount: Bool { base.isOfAccount }

    /// Has the base renew; if that fails, reads the files again, and has it renew once more if they have changed.
    public func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        let former = version()
        base.renew(refused: refused, priority: priority) { [self] result in
            if case .success(true) = result { return completion(result) }
            rereading.readIfChanged([source]) { [self] _ in
                // Another request may have had the change read while the base was asking.
                guard version() != former else { return completion(result) }
                base.renew(refused: refused, priority: priority, completion: completion)
            }
        }
    }
}
