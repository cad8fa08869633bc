import GRDB
public import TwilioAPI

/// Finding recordings by the beginning of a SID, which inode numbers contain.
extension Catalog {
    /// The most results for one beginning; more than one is rare.
    private static let mostAlike: Int64 = 16

    /// Completed recordings of a kind by the first sixteen digits of their SIDs, in their order.
    public func entries(of kind: MediaKind, digits: ClosedRange<UInt64>) throws(CatalogError) -> [CatalogEntry] {
        guard window.kinds.contains(kind) else { return [] }
        return try entries(
            "kind = ?1 AND sid BETWEEN ?2 AND ?3 AND status IS NULL\(isShown()) ORDER BY sid LIMIT \(Self.mostAlike)"
        ) { select in
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(high: digits.lowerBound, low: 0))
            select.bind(3, SIDDigits(high: digits.upperBound, low: .max))
        }
    }

    /// Calls or rooms with recordings by the first sixteen digits of their SIDs, in their order.
    ///
    /// - Parameter kinds: voice recordings for calls, the others for rooms.
    public func groups(of kinds: [MediaKind], digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try makeGroupIndex()
        let numbers = kinds.map { String($0.rawValue) }.joined(separator: ", ")
        let found = try entries(
            """
            kind IN (\(numbers)) AND group_sid BETWEEN ?1 AND ?2 AND status IS NULL\(isShown())
            GROUP BY group_sid ORDER BY group_sid LIMIT \(Self.mostAlike)
            """
        ) { select in
            select.bind(1, SIDDigits(high: digits.lowerBound, low: 0))
            select.bind(2, SIDDigits(high: digits.upperBound, low: .max))
        }
        return found.compactMap(\.group)
    }
}
