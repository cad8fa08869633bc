import GRDB
public import TwilioAPI

/// An order in which programs go through a directory.
public enum EntryOrder: CaseIterable, Hashable, Sendable {
    /// That of the listing: `tar`, `find`, `ls -U`.
    case position

    /// That of the names, which is also that of the inode numbers: `rsync`, `cp -r`, a shell's `*`.
    case name
}

/// What comes after a recording in its directory.
extension Catalog {
    /// The completed recordings that follow one, in order.
    ///
    /// - Parameters:
    ///   - sid: the recording before the first one wanted.
    ///   - limit: how many at the most; fewer only at the end.
    public func followers(
        of sid: SID, kind: MediaKind, in order: EntryOrder, limit: Int
    ) throws(CatalogError) -> [SID] {
        try sids("SELECT sid FROM (\(Self.following(order)))", of: sid, kind: kind, limit: limit)
    }

    /// Those of the completed recordings that follow one, in order, of whose media nothing is known.
    ///
    /// - Parameter reach: how many followers are looked at, so that a long run of known ones costs little.
    public func undescribedFollowers(
        of sid: SID, kind: MediaKind, in order: EntryOrder, reach: Int
    ) throws(CatalogError) -> [SID] {
        try sids(
            """
            SELECT sid FROM (\(Self.following(order))) AS near
            WHERE NOT EXISTS (SELECT 1 FROM media WHERE media.sid = near.sid) ORDER BY \(Self.column(order))
            """, of: sid, kind: kind, limit: reach)
    }

    private static func column(_ order: EntryOrder) -> String {
        switch order {
        case .position: "id"
        case .name: "sid"
        }
    }

    /// A query with the arguments SID, kind and limit.
    private static func following(_ order: EntryOrder) -> String {
        """
        SELECT id, sid FROM resource
        WHERE kind = ?2 AND status = 'completed'
            AND \(column(order)) > \(order == .name ? "?1" : "(SELECT id FROM resource WHERE sid = ?1)")
        ORDER BY \(column(order)) LIMIT ?3
        """
    }

    private func sids(_ sql: String, of sid: SID, kind: MediaKind, limit: Int) throws(CatalogError) -> [SID] {
        try read { database in
            try String.fetchAll(
                database.cachedStatement(sql: sql), arguments: [sid.description, kind.rawValue, limit])
        }.compactMap { SID($0) }
    }
}
