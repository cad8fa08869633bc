public import TwilioAPI

/// Queries for recordings by creation time, and by the first digits of a SID.
///
/// Each query reads the database by an index; no result is kept in memory.
extension Catalog {
    // MARK: By date

    /// Whether any shown recording was created within an interval.
    public func hasEntries(createdIn interval: Range<Timestamp>) throws(CatalogError) -> Bool {
        for kind in MediaKind.allCases where window.kinds.contains(kind) {
            if try !entries(of: kind, createdIn: interval, after: nil, limit: 1).isEmpty { return true }
        }
        return false
    }

    /// The creation time of the oldest shown recording; nil when there is none.
    public func oldest() throws(CatalogError) -> Timestamp? {
        var oldest: Timestamp?
        for kind in MediaKind.allCases where window.kinds.contains(kind) {
            let found = try shown.entries(
                """
                kind = ?1 AND created IS NOT NULL AND status IS NULL\(shown.condition(byTime: true))
                ORDER BY created LIMIT 1
                """, [kind.rawValue])
            if let time = found.first?.dateCreated { oldest = min(oldest ?? time, time) }
        }
        return oldest
    }

    /// The recordings of a kind created within an interval, ordered by time, then by position.
    ///
    /// - Parameter place: the time and position of the previous entry; nil for the first entries.
    public func entries(
        of kind: MediaKind, createdIn interval: Range<Timestamp>, after place: (created: Timestamp, position: Int64)?,
        limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        // Only one pair of bounds can lead to the entries: the narrower one.
        let times = window.seconds
        let begin = max(interval.lowerBound.seconds, times.lowerBound)
        let place = place.flatMap { $0.created.seconds < begin ? nil : $0 }
        return try shown.entries(
            """
            kind = ?1 AND created >= ?2 AND created < ?3 AND (created > ?2 OR id > ?4) AND status IS NULL\(shown.condition())
            ORDER BY created, id LIMIT ?5
            """,
            [
                kind.rawValue, place?.created.seconds ?? begin, min(interval.upperBound.seconds, times.upperBound),
                place?.position ?? 0, limit,
            ])
    }

    // MARK: By the first digits of a SID

    /// The most results of a query by the first digits of a SID; more than one result is rare.
    static let mostAlike = 16

    /// The completed recordings of a kind whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameter digits: the range of the first sixteen digits; an inode number has all but their last bits.
    public func entries(of kind: MediaKind, digits: ClosedRange<UInt64>) throws(CatalogError) -> [CatalogEntry] {
        guard window.kinds.contains(kind) else { return [] }
        return try shown.entries(
            "kind = ?1 AND sid BETWEEN ?2 AND ?3 AND status IS NULL\(shown.condition()) ORDER BY sid LIMIT \(Self.mostAlike)",
            [kind.rawValue, SIDDigits(high: digits.lowerBound, low: 0), SIDDigits(high: digits.upperBound, low: .max)])
    }
}
