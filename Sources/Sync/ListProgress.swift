/// The progress of fetching a list.
public struct ListProgress: Hashable, Sendable {
    /// Pages so far.
    public let pages: Int

    /// Resources so far.
    public let items: Int

    /// Resources a second, on average since the beginning.
    public let itemsPerSecond: Double

    /// An estimate of the resources that are left; nil as long as there is none.
    public let itemsLeft: Int?

    /// The seconds that the rest takes at the same rate.
    public let secondsLeft: Double?
}
