/// When bytes of a file with a tag are released to readers.
public enum IntegrityMode: String, Hashable, Sendable, CaseIterable {
    /// Strict for files up to a certain size, deferred for larger ones.
    case automatic = "auto"

    /// Nothing of a file is released before all of it has been fetched and verified.
    case strict

    /// Bytes are released as they come; the read that completes the file verifies it, and fails if it isn't true.
    case deferred
}
