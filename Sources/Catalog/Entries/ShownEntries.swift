import TwilioAPI

/// The entries that a mount shows: those in its window that aren't hidden.
struct ShownEntries: Sendable {
    let storage: CatalogStorage
    let window: CatalogWindow
    let requirements: Requirements

    /// The SQL condition for shown entries, in the window and not hidden; empty when all are shown.
    ///
    /// - Parameters:
    ///   - table: the table's name in the query, with a dot; empty if it has none.
    ///   - byTime: whether SQLite may find the entries by the window's times. The plus keeps it from that: it prefers
    ///     the index by time to the one by group, and would go over the whole window for each call.
    func condition(on table: String = "", byTime: Bool = false) -> String {
        window.condition(on: byTime ? table : "+\(table)") + requirements.condition(on: table)
    }

    /// Runs a query for entries.
    ///
    /// - Parameters:
    ///   - conditions: the text after `WHERE`.
    ///   - values: the values of the parameters 1, 2, and so on; 8 and 9 belong to the window.
    ///   - position: the position after which entries are read in the order of their positions; nil for another order.
    func entries(
        _ conditions: String, _ values: [(any StatementValue)?], after position: Int64? = nil
    ) throws(CatalogError) -> [CatalogEntry] {
        try storage.read { database in
            let select = try RawStatement(database, "\(CatalogEntry.select) WHERE \(conditions)")
            select.bind(values)
            window.bind(to: select)
            var entries: [CatalogEntry] = []
            var last = position
            while try select.step() {
                let row = try EntryRow(select)
                try last?.advance(to: row.id, in: "entry")
                entries.append(CatalogEntry(row))
            }
            return entries
        }
    }
}
