/// A set of numbers of AES blocks, stored as ranges.
struct BlockCoverage: Sendable, Hashable {
    /// Ascending, non-empty ranges, none adjacent to the next.
    private var ranges: [Range<Int64>] = []

    /// The parts of `range` that aren't covered, ascending.
    func gaps(in range: Range<Int64>) -> [Range<Int64>] {
        var gaps: [Range<Int64>] = []
        var position = range.lowerBound
        for covered in ranges[firstIndex(endingAtOrAfter: range.lowerBound)...] where position < range.upperBound {
            guard covered.lowerBound < range.upperBound else { break }
            if position < covered.lowerBound { gaps.append(position..<covered.lowerBound) }
            position = max(position, covered.upperBound)
        }
        if position < range.upperBound { gaps.append(position..<range.upperBound) }
        return gaps
    }

    mutating func insert(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingAtOrAfter: range.lowerBound)
        var end = first
        var merged = range
        while end < ranges.count, ranges[end].lowerBound <= range.upperBound {
            merged = min(merged.lowerBound, ranges[end].lowerBound)..<max(merged.upperBound, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(first..<end, with: CollectionOfOne(merged))
    }

    func covers(_ range: Range<Int64>) -> Bool { gaps(in: range).isEmpty }

    /// The index of the first range that touches or follows `position`.
    ///
    /// The search is binary, since random reads leave many ranges.
    private func firstIndex(endingAtOrAfter position: Int64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < position {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
