import GRDB

/// A set of points in time: for which of them a list is in the catalog.
///
/// Half-open ranges of seconds since 1970, in order, that neither overlap nor touch. `Int64.min` and `.max` stand for
/// no bound.
package struct Coverage: Hashable, Sendable {
    /// The ranges, oldest first.
    package private(set) var ranges: [Range<Int64>]

    /// Nothing.
    package static let none = Coverage()

    /// All times.
    package static let everything = Coverage([Int64.min..<Int64.max])

    /// Makes a set of ranges that may overlap.
    package init(_ ranges: [Range<Int64>] = []) {
        self.ranges = []
        for range in ranges { insert(range) }
    }

    /// Whether nothing is in it.
    package var isEmpty: Bool { ranges.isEmpty }

    /// Adds a range.
    package mutating func insert(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        // Those that overlap or touch become one with it.
        let first = ranges.firstIndex { $0.upperBound >= range.lowerBound } ?? ranges.endIndex
        let end = ranges[first...].firstIndex { $0.lowerBound > range.upperBound } ?? ranges.endIndex
        guard first < end else {
            ranges.insert(range, at: first)
            return
        }
        let lower = min(range.lowerBound, ranges[first].lowerBound)
        let upper = max(range.upperBound, ranges[end - 1].upperBound)
        ranges.replaceSubrange(first..<end, with: CollectionOfOne(lower..<upper))
    }

    /// Takes a range out.
    package mutating func remove(_ range: Range<Int64>) {
        let parts = ranges.flatMap { covered -> [Range<Int64>] in
            let before = covered.lowerBound..<max(covered.lowerBound, min(covered.upperBound, range.lowerBound))
            let after = min(covered.upperBound, max(covered.lowerBound, range.upperBound))..<covered.upperBound
            return covered.overlaps(range) ? [before, after] : [covered]
        }
        ranges = parts.filter { !$0.isEmpty }
    }

    /// The parts of a range that aren't in the set, oldest first.
    package func gaps(in range: Range<Int64>) -> [Range<Int64>] {
        var gaps: [Range<Int64>] = []
        var start = range.lowerBound
        for covered in ranges where covered.upperBound > start && covered.lowerBound < range.upperBound {
            if covered.lowerBound > start { gaps.append(start..<covered.lowerBound) }
            start = covered.upperBound
        }
        if start < range.upperBound { gaps.append(start..<range.upperBound) }
        return gaps
    }

    /// Whether all of a range is in the set.
    package func contains(_ range: Range<Int64>) -> Bool { gaps(in: range).isEmpty }
}

extension Coverage {
    /// The times of the years from 1 to 9999, which are all that a user can name.
    private static let nameable: ClosedRange<Int64> = -62_135_596_800...253_402_300_800

    /// Whether a stored range may begin there.
    static func mayBegin(at time: Int64) -> Bool { time == .min || nameable.contains(time) }

    /// Whether a stored range may end there.
    static func mayEnd(at time: Int64) -> Bool { time == .max || nameable.contains(time) }

    /// A range that was stored.
    ///
    /// - Throws: that the database is damaged, when it can't be.
    static func range(from lower: Int64?, to upper: Int64?) throws -> Range<Int64> {
        guard let lower, let upper, mayBegin(at: lower), mayEnd(at: upper), lower < upper else {
            throw DatabaseError.damage("coverage")
        }
        return lower..<upper
    }
}
