import GRDB
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
        try entries(
            "+kind = ?1 AND id > ?2 AND status IS NULL\(isShown()) ORDER BY id LIMIT ?3",
            [kind.rawValue, position, limit])
    }

    /// Recordings of a kind with unknown size, in the order of their positions.
    ///
    /// - Parameter position: the position of the previous entry; 0 to begin.
    public func unsized(of kind: MediaKind, after position: Int64, limit: Int) throws(CatalogError) -> [CatalogEntry] {
        try entries(
            "+kind = ?1 AND id > ?2 AND status IS NULL AND size IS NULL\(isShown()) ORDER BY id LIMIT ?3",
            [kind.rawValue, position, limit])
    }

    /// The creation time of a kind's newest recording; nil when there is none.
    public func newest(of kind: MediaKind) throws(CatalogError) -> Timestamp? {
        try entries(
            "kind = ?1 AND status IS NULL\(isShown(byTime: true)) ORDER BY created DESC LIMIT 1", [kind.rawValue]
        ).first?.dateCreated
    }

    /// The SQL condition for shown entries, in the window and not hidden; empty when all are shown.
    ///
    /// - Parameters:
    ///   - table: the table's name in the query, with a dot; empty if it has none.
    ///   - byTime: whether SQLite may find the entries by the window's times. The plus keeps it from that: it prefers
    ///     the index by time to the one by group, and would go over the whole window for each call.
    func isShown(on table: String = "", byTime: Bool = false) -> String {
        window.condition(on: byTime ? table : "+\(table)") + requirements.condition(on: table)
    }

    /// Runs a query for entries.
    ///
    /// - Parameters:
    ///   - conditions: the text after `WHERE`.
    ///   - values: the values of the parameters 1, 2, and so on; 8 and 9 belong to the window.
    func entries(_ conditions: String, _ values: [(any StatementValue)?]) throws(CatalogError) -> [CatalogEntry] {
        try storage.read { database in
            let select = try RawStatement(database, "\(CatalogEntry.select) WHERE \(conditions)")
            select.bind(values)
            window.bind(to: select)
            var entries: [CatalogEntry] = []
            while try select.step() { entries.append(CatalogEntry(try EntryRow(select))) }
            return entries
        }
    }
}
