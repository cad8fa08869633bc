/// How much of the day that it names a filter by the time of creation includes: what pages have shown of that.
///
/// The 2010 API takes days, and doesn't state whether `DateCreated<` includes its day, ends at its midnight, or ends at
/// some time of it. So a list is asked for a day further than it is needed. The newest item that comes shows a time of
/// day until which that filter, and so each other one of the same list, includes its day.
struct FilterReach {
    /// Seconds in the steps of filters: nothing is learnt where they are finer than a day.
    private let granularity: Int64

    /// Seconds of its last day that a filter is known to include.
    private var included: Int64 = 0

    private static let day: Int64 = 86_400

    /// Seconds that are left off from what a page has shown: a filter may end its days by the clock of a place, which
    /// is changed in spring and autumn.
    private static let margin: Int64 = 2 * 3600

    /// Knows nothing yet.
    ///
    /// - Parameter granularity: seconds in the steps of filters.
    init(granularity: Int64) {
        self.granularity = granularity
    }

    /// Where an interval has to end so that a request that goes a day further has all that was made before `upper`.
    ///
    /// - Returns: `upper`, or a day before it.
    func end(for upper: Int64) -> Int64 {
        guard granularity == Self.day, Self.isTime(upper), upper - Self.midnight(before: upper) <= included else {
            return upper
        }
        return upper - Self.day
    }

    /// The latest place before a time where a filter can be made to end without more coming than is wanted.
    ///
    /// That is the part of a day that is known to be included, or a day's beginning where nothing is known.
    func cut(before time: Int64) -> Int64 {
        let step = time / granularity * granularity
        guard granularity == Self.day, included > 0 else { return step }
        return step + included <= time ? step + included : step - Self.day + included
    }

    /// Learns from the newest item of an answer.
    ///
    /// - Parameters:
    ///   - newest: when it was made, in seconds.
    ///   - end: what ``end(for:)`` said for the request.
    mutating func learn(from newest: Int64, filteredUntil end: Int64) {
        guard granularity == Self.day, Self.isTime(end), Self.isTime(newest) else { return }
        let named = Self.midnight(before: end) + Self.day
        // Later ones mean that the filter isn't obeyed.
        guard newest < named + Self.day else { return }
        included = max(included, newest + 1 - named - Self.margin)
    }

    /// Whether it is a time in this millennium and the next, not a bound that means none.
    private static func isTime(_ time: Int64) -> Bool { (0...100_000_000_000).contains(time) }

    /// The beginning of the day of the last second before a time.
    private static func midnight(before time: Int64) -> Int64 {
        (time - 1) - ((time - 1) % day + day) % day
    }
}
