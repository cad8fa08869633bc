import GRDB
public import TwilioAPI

/// Other views of the same recordings: by day of creation, and by call or room.
///
/// All results come from indexes; nothing is kept in memory.
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
            let found = try entries(
                "kind = ?1 AND created IS NOT NULL AND status IS NULL\(isShown()) ORDER BY created LIMIT 1"
            ) { $0.bind(1, Int64(kind.rawValue)) }
            if let time = found.first?.dateCreated { oldest = min(oldest ?? time, time) }
        }
        return oldest
    }

    /// Recordings of a kind created within an interval, by time, then by position.
    ///
    /// - Parameter place: the time and position of the previous entry; nil to begin.
    public func entries(
        of kind: MediaKind, createdIn interval: Range<Timestamp>, after place: (created: Timestamp, position: Int64)?,
        limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        try entries(
            """
            kind = ?1 AND created >= ?2 AND created < ?3 AND (created > ?2 OR id > ?4) AND status IS NULL\(isShown())
            ORDER BY created, id LIMIT ?5
            """
        ) { select in
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, max(place?.created ?? interval.lowerBound, interval.lowerBound).seconds)
            select.bind(3, interval.upperBound.seconds)
            select.bind(4, place?.position ?? 0)
            select.bind(5, Int64(limit))
        }
    }

    // MARK: By call and room

    /// The calls or rooms with recordings of some kinds, each with the position of its first recording, in that order.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the others for rooms.
    ///   - position: the position of the previous group; 0 to begin.
    public func groups(
        of kinds: [MediaKind], after position: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, position: Int64)] {
        try makeGroupIndex()
        let numbers = kinds.map { String($0.rawValue) }.joined(separator: ", ")
        let isOtherShown = isShown(on: "other.")
        // The plus makes SQLite scan the table in its order: with the index of groups it would sort all remaining rows
        // for each piece of the listing.
        let found = try entries(
            """
            +kind IN (\(numbers)) AND id > ?1 AND group_sid IS NOT NULL AND status IS NULL\(isShown()) AND NOT EXISTS (
                SELECT 1 FROM entry AS other
                WHERE other.kind IN (\(numbers)) AND other.group_sid = entry.group_sid AND other.status IS NULL
                    AND other.id < entry.id\(isOtherShown))
            ORDER BY id LIMIT ?2
            """
        ) { select in
            select.bind(1, position)
            select.bind(2, Int64(limit))
        }
        return found.compactMap { entry in entry.group.map { ($0, entry.position) } }
    }

    /// The recordings of a call or room, in the order of their positions.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for a call, the others for a room.
    ///   - position: the position of the previous entry; 0 to begin.
    public func entries(
        ofGroup group: SID, kinds: [MediaKind], after position: Int64, limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        try makeGroupIndex()
        let numbers = kinds.map { String($0.rawValue) }.joined(separator: ", ")
        return try entries(
            "kind IN (\(numbers)) AND group_sid = ?1 AND id > ?2 AND status IS NULL\(isShown()) ORDER BY id LIMIT ?3"
        ) { select in
            select.bind(1, SIDDigits(group))
            select.bind(2, position)
            select.bind(3, Int64(limit))
        }
    }

    /// The first recording of a call or room; nil when there is none.
    ///
    /// - Parameter kinds: voice recordings for a call, the others for a room.
    public func oldest(ofGroup group: SID, kinds: [MediaKind]) throws(CatalogError) -> CatalogEntry? {
        try makeGroupIndex()
        let numbers = kinds.map { String($0.rawValue) }.joined(separator: ", ")
        return try entries(
            """
            kind IN (\(numbers)) AND group_sid = ?1 AND status IS NULL\(isShown())
            ORDER BY created IS NULL, created, id LIMIT 1
            """
        ) { $0.bind(1, SIDDigits(group)) }.first
    }

    /// Creates the index of groups, if it doesn't exist.
    package func makeGroupIndex() throws(CatalogError) {
        let isThere = try storage.read { database in
            let select = try RawStatement(database, "SELECT 1 FROM sqlite_master WHERE name = 'entry_by_group'")
            defer { select.finish() }
            return try select.step()
        }
        if !isThere { try storage.write { try $0.makeGroupIndex() } }
    }
}
