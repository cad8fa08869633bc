/// The outcome of requesting a recording's resource again.
public enum RefreshOutcome: Hashable, Sendable {
    /// The resource has changed: what failed because of it may succeed.
    case changed

    /// The resource hasn't changed, or was requested less than a minute ago, or can't be had.
    case unchanged

    /// The account no longer has the recording, or its media.
    case gone
}
