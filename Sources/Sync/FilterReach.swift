/// How much of its last day a filter by the time of creation includes, as pages have shown.
///
/// The 2010 API takes days, and doesn't state whether `DateCreated<` includes its day, ends at its midnight, or ends
/// at some time of it. So a list is requested a day further than needed. The newest resource that comes shows a time
/// of day until which that filter, and so every other one of the same list, includes its day.
struct FilterReach {
    /// The granularity of filters in seconds: nothing is learnt where it is finer than a day.
    private let granularity: Int64

    /// Seconds of its last day that a filter is known to include.
    private var included: Int64 = 0

    private static let day: Int64 = 86_400

    /// Seconds that are subtracted from what a page has shown: a filter may end its days by the local time of a place
    /// that has summer time.
    private static let margin: Int64 = 2 * 3600

    /// Begins without knowledge.
    ///
    /// - Parameter granularity: of filters, in seconds.
    init(granularity: Int64) {
        self.granularity = granularity
    }

    /// The end of an interval so that a request that goes a day further gets everything made before `upper`.
    ///
    /// - Returns: `upper`, or a day before it.
    func end(for upper: Int64) -> Int64 {
        guard granularity == Self.day, Self.isTime(upper), upper - Self.midnight(before: upper) <= included else {
            return upper
        }
        return upper - Self.day
    }

    /// The latest time before another at which a filter can end without getting more than wanted.
    ///
    /// That is in the part of a day that is known to be included, or a day's beginning where nothing is known.
    func cut(before time: Int64) -> Int64 {
        let step = time / granularity * granularity
        guard granularity == Self.day, included > 0 else { return step }
        return step + included <= time ? step + included : step - Self.day + included
    }

    /// Learns from the newest resource of an answer.
    ///
    /// - Parameters:
    ///   - newest: when it was made, in seconds since 1970.
    ///   - end: the ``end(for:)`` of the request.
    mutating func learn(from newest: Int64, filteredUntil end: Int64) {
        guard granularity == Self.day, Self.isTime(end), Self.isTime(newest) else { return }
        let named = Self.midnight(before: end) + Self.day
        // A later one means that the filter isn't obeyed.
        guard newest < named + Self.day else { return }
        included = max(included, newest + 1 - named - Self.margin)
    }

    /// Whether it is a time from 1970 to the year 5138, and not a bound that means none.
    private static func isTime(_ time: Int64) -> Bool { (0...100_000_000_000).contains(time) }

    /// The beginning of the day of the last second before a time.
    private static func midnight(before time: Int64) -> Int64 {
        (time - 1) - ((time - 1) % day + day) % day
    }
}
