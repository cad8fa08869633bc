import GRDB
public import Support
public import TwilioAPI

/// Other views of the same recordings: by day of creation, by call or room, and by the beginning of a SID.
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
                "kind = ?1 AND created IS NOT NULL AND status IS NULL\(isShown()) ORDER BY created LIMIT 1",
                [kind.rawValue])
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
            """,
            [
                kind.rawValue, max(place?.created ?? interval.lowerBound, interval.lowerBound).seconds,
                interval.upperBound.seconds, place?.position ?? 0, limit,
            ])
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
        let isOtherShown = isShown(on: "other.")
        // The plus makes SQLite scan the table in its order: with the index of groups it would sort all remaining rows
        // for each piece of the listing.
        let found = try entries(
            """
            +kind IN (\(kinds.numbers)) AND id > ?1 AND group_sid IS NOT NULL AND status IS NULL\(isShown())
            AND NOT EXISTS (
                SELECT 1 FROM entry AS other
                WHERE other.kind IN (\(kinds.numbers)) AND other.group_sid = entry.group_sid AND other.status IS NULL
                    AND other.id < entry.id\(isOtherShown))
            ORDER BY id LIMIT ?2
            """, [position, limit])
        return found.compactMap { entry in entry.group.map { ($0, entry.position) } }
    }

    /// The SQL condition that an entry of some kinds belongs to the group with the SID of parameter 1.
    private static func isMember(of group: SID, _ kinds: [MediaKind]) -> String {
        // The plus makes SQLite begin with the few recordings of the conference.
        group.letters == .conference
            ? "+kind IN (\(kinds.numbers)) AND id IN (SELECT id FROM conference WHERE sid = ?1)"
            : "kind IN (\(kinds.numbers)) AND group_sid = ?1"
    }

    /// The recordings of a call or room, in the order of their positions.
    ///
    /// - Parameters:
    ///   - group: a call, a conference or a room.
    ///   - kinds: voice recordings for a call or a conference, the others for a room.
    ///   - position: the position of the previous entry; 0 to begin.
    public func entries(
        ofGroup group: SID, kinds: [MediaKind], after position: Int64, limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        try makeGroupIndex()
        return try entries(
            """
            \(Self.isMember(of: group, kinds)) AND id > ?2 AND status IS NULL\(isShown())
            ORDER BY id LIMIT ?3
            """, [SIDDigits(group), position, limit])
    }

    /// The first recording of a call or room; nil when there is none.
    ///
    /// - Parameters:
    ///   - group: a call, a conference or a room.
    ///   - kinds: voice recordings for a call or a conference, the others for a room.
    public func oldest(ofGroup group: SID, kinds: [MediaKind]) throws(CatalogError) -> CatalogEntry? {
        try makeGroupIndex()
        return try entries(
            """
            \(Self.isMember(of: group, kinds)) AND status IS NULL\(isShown())
            ORDER BY created IS NULL, created, id LIMIT 1
            """, [SIDDigits(group)]
        ).first
    }

    /// Creates the index of groups, if it doesn't exist; asks each database once.
    package func makeGroupIndex() throws(CatalogError) {
        // Read first: if the database is replaced meanwhile, the next call asks the new one.
        let epoch = storage.epoch
        guard indexedEpoch.withLock({ $0 }) != epoch else { return }
        let isThere = try storage.read { try EntryIndex.group.isThere(in: $0) }
        if !isThere { try storage.write { try $0.database.execute(sql: Schema.groupIndex) } }
        indexedEpoch.withLock { $0 = epoch }
    }

    // MARK: By the beginning of a SID, which inode numbers contain

    /// The most results for one beginning; more than one is rare.
    private static let mostAlike = 16

    /// Completed recordings of a kind by the first sixteen digits of their SIDs, in their order.
    public func entries(of kind: MediaKind, digits: ClosedRange<UInt64>) throws(CatalogError) -> [CatalogEntry] {
        guard window.kinds.contains(kind) else { return [] }
        return try entries(
            "kind = ?1 AND sid BETWEEN ?2 AND ?3 AND status IS NULL\(isShown()) ORDER BY sid LIMIT \(Self.mostAlike)",
            [kind.rawValue, SIDDigits(high: digits.lowerBound, low: 0), SIDDigits(high: digits.upperBound, low: .max)])
    }

    /// Conferences with recordings by the first sixteen digits of their SIDs, in their order.
    public func conferences(digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try conferences(digits: digits, limit: Self.mostAlike)
    }

    /// Calls or rooms with recordings by the first sixteen digits of their SIDs, in their order.
    ///
    /// - Parameter kinds: voice recordings for calls, the others for rooms.
    public func groups(of kinds: [MediaKind], digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try makeGroupIndex()
        let found = try entries(
            """
            kind IN (\(kinds.numbers)) AND group_sid BETWEEN ?1 AND ?2 AND status IS NULL\(isShown())
            GROUP BY group_sid ORDER BY group_sid LIMIT \(Self.mostAlike)
            """, [SIDDigits(high: digits.lowerBound, low: 0), SIDDigits(high: digits.upperBound, low: .max)])
        return found.compactMap(\.group)
    }
}
