/// Learns from pages how far filters by creation time reach into their last day.
///
/// The 2010 API filters by days. Its documentation doesn't state whether `DateCreated<` includes its day, or ends at
/// midnight or at another time. So a list is requested a day further than needed. The time of the newest resource on a
/// page shows how far all filters of the list reach into their last day.
struct FilterReach {
    /// The shortest useful part of a list in seconds; if it is less than a day, there is nothing to learn.
    private let granularity: Int64
    /// The number of seconds that filters reach into their last day, as far as pages have shown.
    private var included: Int64 = 0

    private static let day: Int64 = 86_400
    /// A safety margin in seconds, since a filter may end its days by a local time with daylight saving.
    private static let margin: Int64 = 2 * 3600

    init(granularity: Int64) { self.granularity = granularity }

    /// The end of a filter that has to return everything before `upper`: `upper`, or a day earlier if that suffices.
    ///
    /// It suffices if filters reach far enough into their last day, because requests are a day wider.
    func end(for upper: Int64) -> Int64 {
        guard granularity == Self.day, Self.isTime(upper), upper - Self.midnight(before: upper) <= included else {
            return upper
        }
        return upper - Self.day
    }

    /// The latest time, at or before a given one, at which a list can be split with little fetched twice.
    ///
    /// It is the time of day up to which filters are known to reach, or midnight if pages have shown no reach.
    func cut(before time: Int64) -> Int64 {
        let step = time / granularity * granularity
        guard granularity == Self.day, included > 0 else { return step }
        return step + included <= time ? step + included : step - Self.day + included
    }

    /// Learns from the newest resource on a page whose filter ended at `end`; both in seconds since 1970.
    mutating func learn(from newest: Int64, filteredUntil end: Int64) {
        guard granularity == Self.day, Self.isTime(end), Self.isTime(newest) else { return }
        let named = Self.midnight(before: end) + Self.day
        // A later resource means that the server ignores the filter.
        guard newest < named + Self.day else { return }
        included = max(included, newest + 1 - named - Self.margin)
    }

    /// Whether a time is real, from 1970 to 5138, and not the placeholder for no bound.
    private static func isTime(_ time: Int64) -> Bool { (0...100_000_000_000).contains(time) }

    /// The start of the day of the last second before a time.
    private static func midnight(before time: Int64) -> Int64 {
        (time - 1) - ((time - 1) % day + day) % day
    }
}
