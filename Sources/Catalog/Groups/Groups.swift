import GRDB
public import Support
public import TwilioAPI

/// The groups of recordings, which are calls, conferences, rooms and telephone numbers, and the recordings of a group.
///
/// Each query reads the database by an index; no result is kept in memory. Groups are listed in the order of their
/// SIDs, which stays the same while recordings come and go: a group that exists throughout a listing is in it, once.
public struct Groups: Sendable {
    let storage: CatalogStorage
    let shown: ShownEntries

    let index: GroupIndexing

    init(in storage: CatalogStorage, _ shown: ShownEntries) {
        self.storage = storage
        self.shown = shown
        index = GroupIndexing(in: storage)
    }

    /// Creates the index of groups if the database lacks it; to be called on the writing thread.
    package func makeIndex() throws(CatalogError) { try index.make() }

    /// Has the index created on the writing thread from now on, instead of that of a query.
    ///
    /// Until it is there, a query for one group scans the recordings, and ``whenIndexed(_:)`` is for lists of groups.
    public func createIndex(on writer: WriteQueue) { index.use(writer) }

    /// Calls `completion` once the database has the index of groups, or with the reason why it can't be created.
    ///
    /// - Parameter completion: called at once if the index is there, else on the writing thread.
    public func whenIndexed(_ completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void) {
        index.whenMade(completion)
    }

    // MARK: Calls and rooms

    /// The calls or rooms with shown recordings of some kinds, in the order of their SIDs.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the other kinds for rooms.
    ///   - place: the place of the previous call or room; 0 to begin.
    ///   - limit: the most calls or rooms; fewer only at the end.
    /// - Returns: each with its place, which is the same in every database.
    public func callsOrRooms(
        of kinds: [MediaKind], after place: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, place: Int64)] {
        guard let anyKind = kinds.first else { return [] }
        try index.want()
        let piece = try GroupPlace.piece(after: place, limit: limit) { first, limit throws(CatalogError) in
            var found: [SIDDigits] = []
            // One kind at a time: for several at once, SQLite would sort all remaining rows for each piece.
            for kind in kinds { found += try groups(of: kind, from: first, limit: limit) }
            guard kinds.count > 1 else { return found }
            return Array(Set(found).sorted { ($0.high, $0.low) < ($1.high, $1.low) }.prefix(limit))
        }
        return piece.map { (SID(group: $0.digits, of: anyKind), $0.place) }
    }

    /// The calls or rooms with shown recordings of a kind from some digits on, in the order of their SIDs.
    private func groups(
        of kind: MediaKind, from first: SIDDigits, limit: Int
    ) throws(CatalogError) -> [SIDDigits] {
        let found = try shown.entries(
            """
            kind = ?1 AND group_sid >= ?2 AND status IS NULL\(shown.condition())
            GROUP BY group_sid ORDER BY group_sid LIMIT ?3
            """, [kind.rawValue, first, limit])
        return found.compactMap(\.group).map { SIDDigits($0) }
    }

    /// The calls or rooms with recordings whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameters:
    ///   - kinds: voice recordings for calls, the other kinds for rooms.
    ///   - digits: the range of the first sixteen digits; an inode number has all but their last bits.
    public func callsOrRooms(of kinds: [MediaKind], digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try index.want()
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
        try index.want()
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
        try index.want()
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
        try index.want()
        return try shown.entries(
            """
            \(Self.isMember(of: group, kinds)) AND status IS NULL AND +created IS NOT NULL\(shown.condition())
            ORDER BY +created DESC LIMIT 1
            """, [SIDDigits(group)]
        ).first?.dateCreated
    }
}
