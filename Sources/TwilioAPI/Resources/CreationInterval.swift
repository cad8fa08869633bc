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
    /// The lists may answer with more than the interval: voice recordings are limited by whole days, and whether
    /// video's bounds belong to what they limit is not stated, so those are a second wider than what is wanted.
    func queryFields(for kind: MediaKind) -> [String] {
        // The last second that is wanted.
        let last = upper.map { Timestamp(seconds: $0.seconds - 1) }
        switch kind {
        case .voiceRecording:
            // The parameters' names are "DateCreated>" and "DateCreated<"; both days belong to what is listed.
            return [
                lower.map { "DateCreated%3E=\(CalendarDay(containing: $0))" },
                last.map { "DateCreated%3C=\(CalendarDay(containing: $0))" },
            ].compactMap { $0 }
        case .videoRecording, .composition:
            return [
                lower.map { "DateCreatedAfter=\(Timestamp(seconds: $0.seconds - 1).percentEncoded)" },
                last.map { "DateCreatedBefore=\(Timestamp(seconds: $0.seconds + 1).percentEncoded)" },
            ].compactMap { $0 }
        }
    }
}

extension Timestamp {
    fileprivate var percentEncoded: String { description.replacing(":", with: "%3A") }
}
