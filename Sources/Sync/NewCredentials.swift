import Support

/// Looks for credentials that are newer than the refused ones, and tells once they are in use or none were found.
public typealias CredentialSearch = @Sendable (_ completion: @escaping @Sendable () -> Void) -> Void

/// The search for new credentials when a list is wanted that the present ones don't reach.
///
/// Asking Twilio again with the same credentials is of no use before the next refresh, but looking at files is cheap.
final class NewCredentials: Sendable {
    private let search = Locked<CredentialSearch?>(nil)

    /// Has credentials looked for with a function; until then there are none.
    func look(with search: @escaping CredentialSearch) { self.search.withLock { $0 = search } }

    /// Calls `completion` after a search, at once if there is no place to search.
    func look(completion: @escaping @Sendable () -> Void) {
        guard let search = search.withLock(\.self) else { return completion() }
        search(completion)
    }
}
