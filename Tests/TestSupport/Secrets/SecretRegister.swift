import Support

/// The secrets of all accounts, keys and servers of a test process.
///
/// The log of every `twiliofs` that a test starts is searched for them when the test ends (``TestScope``).
final class SecretRegister: Sendable {
    /// The register of the process.
    static let shared = SecretRegister()

    private struct State {
        var sources: [@Sendable () -> Set<Secret>?] = []
        /// The forms of secrets that were asked for before.
        var forms: [Secret: Set<String>] = [:]
    }

    private let state = Locked(State())

    /// Adds secrets.
    ///
    /// - Parameter source: Returns them as they are now, or nil when there are none any more.
    func add(_ source: @escaping @Sendable () -> Set<Secret>?) {
        state.withLock { $0.sources.append(source) }
    }

    /// All forms of all secrets as they are now.
    var forms: Set<String> {
        let sources = state.withLock { $0.sources }
        let found = sources.map { $0() }
        let secrets = found.reduce(into: Set<Secret>()) { $0.formUnion($1 ?? []) }
        let known = state.withLock { $0.forms }
        var forms: [Secret: Set<String>] = [:]
        for secret in secrets { forms[secret] = known[secret] ?? secret.forms }
        state.withLock { state in
            state.forms = forms
            // Others may have come meanwhile, behind these.
            let rest = state.sources.dropFirst(sources.count)
            state.sources = zip(sources, found).compactMap { $1 == nil ? nil : $0 } + rest
        }
        return forms.values.reduce(into: []) { $0.formUnion($1) }
    }
}
