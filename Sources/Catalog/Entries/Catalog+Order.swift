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
    ) throws(CatalogError) -> [CatalogEntry] {
        let (place, column, kindColumn) =
            switch order {
            case .position: ("(SELECT id FROM entry WHERE kind = ?1 AND sid = ?2)", "id", "+kind")
            case .name: ("?2", "sid", "kind")
            }
        return try entries(
            "\(kindColumn) = ?1 AND \(column) > \(place) AND status IS NULL\(isShown()) ORDER BY \(column) LIMIT ?3"
        ) { select in
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            select.bind(3, Int64(limit))
        }
    }
}
