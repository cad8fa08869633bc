import GRDB

/// A set of creation times: those for which a list is complete, or those that a pass has covered.
///
/// It consists of half-open ranges of seconds since 1970, in order, that neither overlap nor touch. `Int64.min` and
/// `.max` mean no bound.
package struct Coverage: Hashable, Sendable {
    /// The ranges, oldest first.
    package private(set) var ranges: [Range<Int64>]

    package static let none = Coverage()

    package static let everything = Coverage([Int64.min..<Int64.max])

    /// Makes a set from ranges, which may overlap.
    package init(_ ranges: [Range<Int64>] = []) {
        self.ranges = []
        for range in ranges { insert(range) }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    package mutating func insert(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        // Merges overlapping and touching ranges.
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

    package mutating func remove(_ range: Range<Int64>) {
        let parts = ranges.flatMap { covered -> [Range<Int64>] in
            let before = covered.lowerBound..<max(covered.lowerBound, min(covered.upperBound, range.lowerBound))
            let after = min(covered.upperBound, max(covered.lowerBound, range.upperBound))..<covered.upperBound
            return covered.overlaps(range) ? [before, after] : [covered]
        }
        ranges = parts.filter { !$0.isEmpty }
    }

    /// The parts of a range outside the set, oldest first.
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

    package func contains(_ range: Range<Int64>) -> Bool { gaps(in: range).isEmpty }
}

extension Coverage {
    /// Validates a stored range; throws that the database is damaged if the range is impossible.
    ///
    /// A bound is `Int64.min`, `Int64.max` or a time in the years 1 to 9999, since a user can name no other time.
    static func range(from lower: Int64?, to upper: Int64?) throws -> Range<Int64> {
        let nameable: ClosedRange<Int64> = -62_135_596_800...253_402_300_800
        guard let lower, let upper, lower == .min || nameable.contains(lower),
            upper == .max || nameable.contains(upper), lower < upper
        else { throw DatabaseError.damage("coverage") }
        return lower..<upper
    }
}
