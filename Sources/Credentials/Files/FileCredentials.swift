public import Transfer

/// A credential from files, which are read again when the server refuses it and they have changed.
public final class FileCredentials: CredentialProvider {
    private let source: any Rereadable
    private let rereading: Rereading
    private let current: @Sendable () -> Credential

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - value: The files' value.
    ///   - credential: Picks the credential out of the value, or makes it of that.
    public init<Value>(
        _ value: FileValue<Value>, rereading: Rereading,
        credential: @escaping @Sendable (Value) -> Credential
    ) {
        source = value
        self.rereading = rereading
        current = { credential(value.current) }
    }

    /// The credential as last read, for any request.
    public func authorization(for request: OutgoingRequest) -> Authorization? { .basic(current()) }

    /// Whether the status is 401 or 403: by now the files may have a key that may do more.
    public func isRefusal(status: Int, body: [UInt8]) -> Bool { status == 401 || status == 403 }

    /// Reads the files again if they have changed, unless another credential than the refused one was read already.
    public func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        if refused != .basic(current()) { return completion(.success(true)) }
        rereading.readIfChanged([source]) { [self] _ in completion(.success(refused != .basic(current()))) }
    }
}
