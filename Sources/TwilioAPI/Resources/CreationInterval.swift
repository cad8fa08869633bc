import Support

/// A part of a list: the resources created from `lower` until before `upper`.
public struct CreationInterval: Hashable, Sendable {
    /// The earliest time of creation; nil for no bound.
    public var lower: Timestamp?
    /// The time at which the interval ends; nil for no bound.
    public var upper: Timestamp?

    /// Makes an interval; without bounds it is the whole list.
    public init(from lower: Timestamp? = nil, until upper: Timestamp? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Whether the interval contains a point in time.
    public func contains(_ timestamp: Timestamp) -> Bool {
        (lower.map { $0 <= timestamp } ?? true) && (upper.map { timestamp < $0 } ?? true)
    }

    /// The percent-encoded query fields for the interval.
    ///
    /// The response may contain more than the interval, but never less, however Twilio interprets its filters:
    ///
    /// - The 2010 API takes days. Its documentation ("on or before midnight of this date") leaves open whether
    ///   `DateCreated<` and `DateCreated>` include their day, so both are one day further out.
    /// - The video API's documentation leaves open whether the bounds are inclusive, so both are one second further
    ///   out.
    ///
    /// Bounds before 1970 or after 2199 are clamped; no recordings exist beyond.
    func queryFields(for kind: MediaKind) -> [String] {
        switch kind.traits.dateFilter {
        case .days: return dayFields(named: "DateCreated")
        case .seconds:
            return [
                first.map { "DateCreatedAfter=\($0.moved(by: -1).percentEncoded)" },
                last.map { "DateCreatedBefore=\($0.moved(by: 1).percentEncoded)" },
            ].compactMap { $0 }
        }
    }

    /// The percent-encoded query fields for a filter of the 2010 API by days, each bound a day further out.
    ///
    /// - Parameter name: The field's name; the parameters are called `NAME>` and `NAME<`.
    func dayFields(named name: String) -> [String] {
        [
            first.map { "\(name)%3E=\(CalendarDay(containing: $0.moved(by: -CalendarDay.secondCount)))" },
            last.map { "\(name)%3C=\(CalendarDay(containing: $0.moved(by: CalendarDay.secondCount)))" },
        ].compactMap { $0 }
    }

    /// The first second of the interval.
    private var first: Timestamp? { lower.map { $0.clamped } }

    /// The last second of the interval.
    private var last: Timestamp? { upper.map { Timestamp(seconds: $0.clamped.seconds - 1) } }
}

extension Timestamp {
    /// The nearest time from 1970 until 2200.
    fileprivate var clamped: Timestamp { Timestamp(seconds: Bounds.times.clamping(seconds)) }

    /// The time `seconds` later.
    fileprivate func moved(by seconds: Int64) -> Timestamp { Timestamp(seconds: self.seconds + seconds) }

    fileprivate var percentEncoded: String { description.replacing(":", with: "%3A") }
}
