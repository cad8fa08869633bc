/// When to release bytes of a file with a tag.
public enum IntegrityMode: String, Hashable, Sendable, CaseIterable {
    /// Strict for unverified files up to ``MediaConfiguration/strictLimit``, deferred for all others.
    case automatic = "auto"

    /// After all of the file was fetched and verified.
    case strict

    /// On arrival; the read that completes the file verifies it, and fails if the tag disagrees.
    case deferred
}
