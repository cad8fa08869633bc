import GRDB
public import Support
public import TwilioAPI

/// Queries for recordings by creation time, by call or room, and by the first digits of a SID.
///
/// Each query reads the database; no result is kept in memory. All queries use an index, except the list of all calls
/// or rooms, which scans the table.
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
                """
                kind = ?1 AND created IS NOT NULL AND status IS NULL\(isShown(byTime: true))
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
        let shown = window.seconds
        let begin = max(interval.lowerBound.seconds, shown.lowerBound)
        let place = place.flatMap { $0.created.seconds < begin ? nil : $0 }
        return try entries(
            """
            kind = ?1 AND created >= ?2 AND created < ?3 AND (created > ?2 OR id > ?4) AND status IS NULL\(isShown())
            ORDER BY created, id LIMIT ?5
            """,
            [
                kind.rawValue, place?.created.seconds ?? begin, min(interval.upperBound.seconds, shown.upperBound),
                place?.position ?? 0, limit,
            ])
    }

    // MARK: By call and room

    /// The calls or rooms with recordings of some kinds, ordered by the position of their first recording.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the other kinds for rooms.
    ///   - position: the position of the previous call or room; 0 for the first ones.
    public func groups(
        of kinds: [MediaKind], after position: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, position: Int64)] {
        try makeGroupIndex()
        let isOtherShown = isShown(on: "other.")
        // The plus keeps SQLite from using an index for the kind, so it scans the table in the order of `id`. With the
        // index of groups, it would sort all remaining rows for each piece of the listing.
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
    ///   - kinds: voice recordings for a call or a conference, the other kinds for a room.
    ///   - position: the position of the previous entry; 0 for the first entries.
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

    /// The oldest recording of a call or room; nil if there is none.
    ///
    /// A recording without a creation time is returned only if no recording has one.
    ///
    /// - Parameters:
    ///   - group: a call, a conference or a room.
    ///   - kinds: voice recordings for a call or a conference, the other kinds for a room.
    public func oldest(ofGroup group: SID, kinds: [MediaKind]) throws(CatalogError) -> CatalogEntry? {
        try makeGroupIndex()
        return try entries(
            """
            \(Self.isMember(of: group, kinds)) AND status IS NULL\(isShown())
            ORDER BY created IS NULL, created, id LIMIT 1
            """, [SIDDigits(group)]
        ).first
    }

    /// The creation time of the newest recording of a call or room; nil if there is none with a time.
    ///
    /// - Parameters:
    ///   - group: a call, a conference or a room.
    ///   - kinds: voice recordings for a call or a conference, the other kinds for a room.
    public func newest(ofGroup group: SID, kinds: [MediaKind]) throws(CatalogError) -> Timestamp? {
        try makeGroupIndex()
        return try entries(
            """
            \(Self.isMember(of: group, kinds)) AND status IS NULL AND +created IS NOT NULL\(isShown())
            ORDER BY +created DESC LIMIT 1
            """, [SIDDigits(group)]
        ).first?.dateCreated
    }

    /// Creates the index of groups if the database lacks it; checks each database once.
    package func makeGroupIndex() throws(CatalogError) {
        // Read the epoch first: if the database is replaced meanwhile, the next call checks the new one.
        let epoch = storage.epoch
        guard indexedEpoch.withLock({ $0 }) != epoch else { return }
        let isThere = try storage.read { try EntryIndex.group.isThere(in: $0) }
        if !isThere { try storage.write { try $0.database.execute(sql: Schema.groupIndex) } }
        indexedEpoch.withLock { $0 = epoch }
    }

    // MARK: By the first digits of a SID

    /// The greatest number of results of a query; more than one result is rare.
    private static let mostAlike = 16

    /// The completed recordings of a kind whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameter digits: the range of the first sixteen digits; an inode number has all but their last bits.
    public func entries(of kind: MediaKind, digits: ClosedRange<UInt64>) throws(CatalogError) -> [CatalogEntry] {
        guard window.kinds.contains(kind) else { return [] }
        return try entries(
            "kind = ?1 AND sid BETWEEN ?2 AND ?3 AND status IS NULL\(isShown()) ORDER BY sid LIMIT \(Self.mostAlike)",
            [kind.rawValue, SIDDigits(high: digits.lowerBound, low: 0), SIDDigits(high: digits.upperBound, low: .max)])
    }

    /// The conferences with recordings whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameter digits: the range of the first sixteen digits; an inode number has all but their last bits.
    public func conferences(digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try conferences(digits: digits, limit: Self.mostAlike)
    }

    /// The calls or rooms with recordings whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the other kinds for rooms.
    ///   - digits: the range of the first sixteen digits; an inode number has all but their last bits.
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
