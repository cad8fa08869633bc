import Support

/// A part of a list: the resources that were made from one point in time until before another.
public struct CreationInterval: Hashable, Sendable {
    /// The first point in time; nil for no bound.
    public var lower: Timestamp?

    /// The first point in time that doesn't belong to it any more; nil for no bound.
    public var upper: Timestamp?

    /// Makes an interval; without bounds it is the whole list.
    public init(from lower: Timestamp? = nil, until upper: Timestamp? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Whether something that was made then belongs to it.
    public func contains(_ timestamp: Timestamp) -> Bool {
        (lower.map { $0 <= timestamp } ?? true) && (upper.map { timestamp < $0 } ?? true)
    }

    /// The fields of a list's query that ask for it, percent-encoded.
    ///
    /// The lists may answer with more than the interval, and never with less, however Twilio reads its filters:
    ///
    /// - The 2010 API takes days. Whether `DateCreated<` and `DateCreated>` include their day, or end and begin at its
    ///   midnight, or count a time of day, is not stated: "on or before midnight of this date" allows each. So both
    ///   days are one further out than the interval needs.
    /// - Whether video's bounds are inclusive is not stated: both are a second further out.
    ///
    /// A bound before 1970 or after 2199 excludes nothing that exists: it is moved there.
    func queryFields(for kind: MediaKind) -> [String] {
        let first = lower.map { $0.clamped }
        // The last second that is wanted.
        let last = upper.map { Timestamp(seconds: $0.clamped.seconds - 1) }
        switch kind.traits.dateFilter {
        case .days:
            // The parameters' names are "DateCreated>" and "DateCreated<".
            return [
                first.map { "DateCreated%3E=\(CalendarDay(containing: $0.moved(by: -CalendarDay.secondCount)))" },
                last.map { "DateCreated%3C=\(CalendarDay(containing: $0.moved(by: CalendarDay.secondCount)))" },
            ].compactMap { $0 }
        case .seconds:
            return [
                first.map { "DateCreatedAfter=\($0.moved(by: -1).percentEncoded)" },
                last.map { "DateCreatedBefore=\($0.moved(by: 1).percentEncoded)" },
            ].compactMap { $0 }
        }
    }
}

extension Timestamp {
    /// The nearest time from 1970 until 2200, in which all recordings are.
    fileprivate var clamped: Timestamp { Timestamp(seconds: Bounds.times.clamping(seconds)) }

    /// The time so many seconds later.
    fileprivate func moved(by seconds: Int64) -> Timestamp { Timestamp(seconds: self.seconds + seconds) }

    fileprivate var percentEncoded: String { description.replacing(":", with: "%3A") }
}
