public import TwilioAPI

/// An order in which programs traverse a directory.
public enum EntryOrder: CaseIterable, Hashable, Sendable {
    /// The order of the listing: `tar`, `find`, `ls -U`.
    case position

    /// The order of names and inode numbers: `rsync`, `cp -r`, a shell's `*`.
    case name
}

/// The successors of a recording in its directory.
extension Catalog {
    /// The position of the recording that was stored last, of any kind; 0 when there is none.
    public func lastPosition() throws(CatalogError) -> Int64 {
        try storage.read { try $0.integer("SELECT coalesce(max(id), 0) FROM entry") }
    }

    /// The completed recordings after one, in order.
    ///
    /// - Parameters:
    ///   - sid: the previous recording.
    ///   - limit: the most recordings; fewer only at the end.
    public func followers(
        of sid: SID, kind: MediaKind, in order: EntryOrder, limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        let (place, column, kindColumn) =
            switch order {
            case .position: ("(SELECT id FROM entry WHERE kind = ?1 AND sid = ?2)", "id", "+kind")
            case .name: ("?2", "sid", "kind")
            }
        return try shown.entries(
            "\(kindColumn) = ?1 AND \(column) > \(place) AND status IS NULL\(shown.condition()) ORDER BY \(column) LIMIT ?3",
            [kind.rawValue, SIDDigits(sid), limit])
    }
}
