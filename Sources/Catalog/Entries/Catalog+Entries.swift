public import TwilioAPI

/// Listings of completed recordings that the window shows.
extension Catalog {
    /// Recordings of a kind, in the order of their positions.
    ///
    /// - Parameters:
    ///   - kind: the kind of the list.
    ///   - position: the position of the previous entry; 0 to begin.
    ///   - limit: the most entries; fewer only at the end.
    public func entries(of kind: MediaKind, after position: Int64, limit: Int) throws(CatalogError) -> [CatalogEntry] {
        // The plus makes SQLite scan the table in its order: rows are narrow, and skipping other kinds costs less than
        // an index of this order, which every insertion would have to update.
        try shown.entries(
            "+kind = ?1 AND id > ?2 AND status IS NULL\(shown.condition()) ORDER BY id LIMIT ?3",
            [kind.rawValue, position, limit], after: position)
    }

    /// Recordings of a kind with unknown size, in the order of their positions.
    ///
    /// - Parameter position: the position of the previous entry; 0 to begin.
    public func unsized(of kind: MediaKind, after position: Int64, limit: Int) throws(CatalogError) -> [CatalogEntry] {
        try shown.entries(
            "+kind = ?1 AND id > ?2 AND status IS NULL AND size IS NULL\(shown.condition()) ORDER BY id LIMIT ?3",
            [kind.rawValue, position, limit], after: position)
    }

    /// The creation time of a kind's newest recording; nil when there is none.
    public func newest(of kind: MediaKind) throws(CatalogError) -> Timestamp? {
        try shown.entries(
            "kind = ?1 AND status IS NULL\(shown.condition(byTime: true)) ORDER BY created DESC LIMIT 1",
            [kind.rawValue]
        ).first?.dateCreated
    }
}
