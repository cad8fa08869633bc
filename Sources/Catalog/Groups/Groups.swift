import GRDB
public import Support
public import TwilioAPI

/// The groups of recordings, which are calls, conferences, rooms and telephone numbers, and the recordings of a group.
///
/// Each query reads the database; no result is kept in memory. All queries use an index, except the list of all calls
/// or rooms, which scans the table.
public struct Groups: Sendable {
    let storage: CatalogStorage
    let shown: ShownEntries

    /// The epoch whose database is known to have the index of groups; nil for none.
    private let indexedEpoch = Locked<Int?>(nil)

    init(in storage: CatalogStorage, _ shown: ShownEntries) {
        self.storage = storage
        self.shown = shown
    }

    /// Creates the index of groups if the database lacks it; checks each database once.
    package func makeIndex() throws(CatalogError) {
        // Read the epoch first: if the database is replaced meanwhile, the next call checks the new one.
        let epoch = storage.epoch
        guard indexedEpoch.withLock({ $0 }) != epoch else { return }
        let isThere = try storage.read { try EntryIndex.group.isThere(in: $0) }
        if !isThere { try storage.write { try $0.database.execute(sql: Schema.groupIndex) } }
        indexedEpoch.withLock { $0 = epoch }
    }

    // MARK: Calls and rooms

    /// The calls or rooms with recordings of some kinds, ordered by the position of their first recording.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the other kinds for rooms.
    ///   - position: the position of the previous call or room; 0 for the first ones.
    public func callsOrRooms(
        of kinds: [MediaKind], after position: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, position: Int64)] {
        try makeIndex()
        let isOtherShown = shown.condition(on: "other.")
        // The plus keeps SQLite from using an index for the kind, so it scans the table in the order of `id`. With the
        // index of groups, it would sort all remaining rows for each piece of the listing.
        let found = try shown.entries(
            """
            +kind IN (\(kinds.numbers)) AND id > ?1 AND group_sid IS NOT NULL AND status IS NULL\(shown.condition())
            AND NOT EXISTS (
                SELECT 1 FROM entry AS other
                WHERE other.kind IN (\(kinds.numbers)) AND other.group_sid = entry.group_sid AND other.status IS NULL
                    AND other.id < entry.id\(isOtherShown))
            ORDER BY id LIMIT ?2
            """, [position, limit])
        return found.compactMap { entry in entry.group.map { ($0, entry.position) } }
    }

    /// The calls or rooms with recordings whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the other kinds for rooms.
    ///   - digits: the range of the first sixteen digits; an inode number has all but their last bits.
    public func callsOrRooms(of kinds: [MediaKind], digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try makeIndex()
        let found = try shown.entries(
            """
            kind IN (\(kinds.numbers)) AND group_sid BETWEEN ?1 AND ?2 AND status IS NULL\(shown.condition())
            GROUP BY group_sid ORDER BY group_sid LIMIT \(Catalog.mostAlike)
            """, [SIDDigits(high: digits.lowerBound, low: 0), SIDDigits(high: digits.upperBound, low: .max)])
        return found.compactMap(\.group)
    }

    // MARK: Recordings of a call, a conference or a room

    /// The SQL condition that an entry of some kinds belongs to the group with the SID of parameter 1.
    private static func isMember(of group: SID, _ kinds: [MediaKind]) -> String {
        // The plus makes SQLite begin with the few recordings of the conference.
        group.letters == .conference
            ? "+kind IN (\(kinds.numbers)) AND id IN (SELECT id FROM conference WHERE sid = ?1)"
            : "kind IN (\(kinds.numbers)) AND group_sid = ?1"
    }

    /// The recordings of a call, a conference or a room, in the order of their positions.
    ///
    /// - Parameters:
    ///   - group: the call, conference or room.
    ///   - kinds: voice recordings for a call or a conference, the other kinds for a room.
    ///   - position: the position of the previous entry; 0 for the first entries.
    public func entries(
        of group: SID, kinds: [MediaKind], after position: Int64, limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        try makeIndex()
        return try shown.entries(
            """
            \(Self.isMember(of: group, kinds)) AND id > ?2 AND status IS NULL\(shown.condition())
            ORDER BY id LIMIT ?3
            """, [SIDDigits(group), position, limit])
    }

    /// The oldest recording of a call, a conference or a room; nil if there is none.
    ///
    /// A recording without a creation time is returned only if no recording has one.
    ///
    /// - Parameters:
    ///   - group: the call, conference or room.
    ///   - kinds: voice recordings for a call or a conference, the other kinds for a room.
    public func oldest(of group: SID, kinds: [MediaKind]) throws(CatalogError) -> CatalogEntry? {
        try makeIndex()
        return try shown.entries(
            """
            \(Self.isMember(of: group, kinds)) AND status IS NULL\(shown.condition())
            ORDER BY created IS NULL, created, id LIMIT 1
            """, [SIDDigits(group)]
        ).first
    }

    /// The creation time of the newest recording of a call, a conference or a room; nil if there is none with a time.
    ///
    /// - Parameters:
    ///   - group: the call, conference or room.
    ///   - kinds: voice recordings for a call or a conference, the other kinds for a room.
    public func newest(of group: SID, kinds: [MediaKind]) throws(CatalogError) -> Timestamp? {
        try makeIndex()
        return try shown.entries(
            """
            \(Self.isMember(of: group, kinds)) AND status IS NULL AND +created IS NOT NULL\(shown.condition())
            ORDER BY +created DESC LIMIT 1
            """, [SIDDigits(group)]
        ).first?.dateCreated
    }
}
