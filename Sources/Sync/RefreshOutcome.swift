/// What a recording turned out to be when it was asked for again.
public enum RefreshOutcome: Hashable, Sendable {
    /// Its resource is another now: what failed because of it may succeed.
    case changed

    /// Its resource is what it was, or was asked for less than a minute ago, or couldn't be had.
    case unchanged

    /// The account doesn't have it any more, or doesn't have its media.
    case gone
}
