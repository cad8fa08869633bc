import Support

/// Looks for credentials that are newer than the refused ones, and tells when they are in use, or when there are none.
public typealias CredentialSearch = @Sendable (_ completion: @escaping @Sendable () -> Void) -> Void

/// The search for new credentials when a list is wanted that the present ones don't reach.
///
/// Asking Twilio again with the same credentials is of no use before the next refresh, but looking at files is cheap.
final class NewCredentials: Sendable {
    private let function = Locked<CredentialSearch?>(nil)

    /// Has credentials looked for with a function; until then there are none.
    func look(with function: @escaping CredentialSearch) { self.function.withLock { $0 = function } }

    /// Searches, then calls `completion`; calls it at once if there is no place to search.
    func search(completion: @escaping @Sendable () -> Void) {
        guard let function = function.withLock(\.self) else { return completion() }
        function(completion)
    }
}
