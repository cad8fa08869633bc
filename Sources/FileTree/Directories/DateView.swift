import Catalog
import Foundation
import Sync
import TwilioAPI

/// The view by date of a branch: the years, months and days (UTC) of its recordings.
///
/// The catalog's index by time provides it; nothing is stored.
struct DateView {
    /// The beginning of Twilio: nothing is older.
    private static let beginning = Timestamp(seconds: 1_199_145_600)
    /// The greatest difference between Twilio's clock and ours, in seconds: a day, so that `tomorrow` is found too.
    private static let clockTolerance: Int64 = 86_400

    let branch: Branch

    /// Whether a span has recordings, or may have some while the lists are incomplete.
    func mayExist(_ span: DateSpan) throws(FileTreeError) -> Bool {
        let finding = try branch.look(for: branch.kinds) { catalog throws(CatalogError) in
            try catalog.hasEntries(createdIn: span.interval) ? true : nil
        }
        switch finding {
        case .found: return true
        case .absent: return false
        case .unknown: break
        }
        let shown = branch.catalog.window.interval
        let now = Int64(Date.now.timeIntervalSince1970)
        let lower = max(Self.beginning, shown.lower ?? Self.beginning)
        let latest = Timestamp(seconds: now + Self.clockTolerance)
        let upper = min(latest, shown.upper ?? latest)
        return lower < upper && span.interval.overlaps(lower..<upper)
    }

    /// All years, months and days with recordings.
    func allSpans() throws(CatalogError) -> [DateSpan] {
        var spans = try spans(of: nil, after: 0, limit: .max)
        var index = 0
        while index < spans.count {
            if spans[index].unit != .day { spans += try self.spans(of: spans[index], after: 0, limit: .max) }
            index += 1
        }
        return spans
    }

    /// The years with recordings, or the months or days of a span with recordings.
    ///
    /// - Parameters:
    ///   - parent: The year or month; nil for the years.
    ///   - place: The number of the last part returned before; 0 to begin.
    func spans(of parent: DateSpan?, after place: Int64, limit: Int) throws(CatalogError) -> [DateSpan] {
        let numbers: ClosedRange<Int>
        if let parent {
            numbers = parent.childNumbers
        } else {
            guard let oldest = try branch.catalog.oldest() else { return [] }
            var newest = oldest
            for kind in branch.kinds {
                if let time = try branch.catalog.newest(of: kind) { newest = max(newest, time) }
            }
            numbers = CalendarDay(containing: oldest).year...CalendarDay(containing: newest).year
        }
        var spans: [DateSpan] = []
        for number in numbers where Int64(number) > place && spans.count < limit {
            guard let span = parent.map({ $0.child(number) }) ?? DateSpan(year: number) else { continue }
            if try branch.catalog.hasEntries(createdIn: span.interval) { spans.append(span) }
        }
        return spans
    }

    /// The recordings of a day: kind by kind, oldest first.
    ///
    /// - Parameter place: A ``PlaceInDay``.
    func entries(
        of day: DateSpan, after place: Int64, limit: Int
    ) throws(CatalogError) -> [(entry: CatalogEntry, place: Int64)] {
        let begin = day.interval.lowerBound
        let place = PlaceInDay(rawValue: place)
        var found: [(entry: CatalogEntry, place: Int64)] = []
        for kind in MediaKind.allCases where kind.rawValue >= place.kind && branch.kinds.contains(kind) {
            guard found.count < limit else { break }
            let before =
                kind.rawValue == place.kind
                ? (created: Timestamp(seconds: begin.seconds + place.second), position: place.position) : nil
            for entry in try branch.catalog.entries(
                of: kind, createdIn: day.interval, after: before, limit: limit - found.count)
            {
                let second = (entry.dateCreated ?? begin).seconds - begin.seconds
                found.append(
                    (entry, PlaceInDay(kind: kind.rawValue, second: second, position: entry.position).rawValue))
            }
        }
        return found
    }
}

/// A recording's position in the listing of its day, in one number.
///
/// A listing continues at the right entry, whatever has been added and removed meanwhile.
struct PlaceInDay: Hashable {
    /// The number of the kind; 0 before all recordings.
    let kind: Int
    /// The second of the day.
    let second: Int64
    /// The entry's position.
    let position: Int64

    /// The numbers of kinds that have room.
    static let kinds = 1...3
    /// Bits of a position: 17 trillion recordings; the seconds of a day take 17 bits, the kinds 2.
    private static let positionWidth: Int64 = 44
    private static let kindShift: Int64 = 61
}

extension PlaceInDay: RawRepresentable {
    init(rawValue: Int64) {
        kind = Int(rawValue >> Self.kindShift)
        second = rawValue >> Self.positionWidth & ((1 << (Self.kindShift - Self.positionWidth)) - 1)
        position = rawValue & ((1 << Self.positionWidth) - 1)
    }

    var rawValue: Int64 { Int64(kind) << Self.kindShift | second << Self.positionWidth | position }
}
