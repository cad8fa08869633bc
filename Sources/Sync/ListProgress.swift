/// The progress of a list that is being fetched.
public struct ListProgress: Hashable, Sendable {
    /// The number of pages so far.
    public let pages: Int

    /// The number of resources so far.
    public let items: Int

    /// The average rate since the start, in resources per second.
    public let itemsPerSecond: Double

    /// The estimated number of remaining resources; nil when unknown.
    public let itemsLeft: Int?

    /// The estimated remaining seconds at the same rate.
    public let secondsLeft: Double?
}
