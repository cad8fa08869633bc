/// The outcome of requesting a recording's resource again.
public enum RefreshOutcome: Hashable, Sendable {
    /// The resource has changed, so a failed operation may succeed now.
    case changed

    /// The resource is unchanged, was requested less than a minute ago, or can't be fetched.
    case unchanged

    /// The account no longer has the recording, or its media.
    case gone
}
