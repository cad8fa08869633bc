import GRDB

/// The index of the recordings of a call or a room.
///
/// It isn't part of the schema: SIDs of calls are unordered, so updating the index during the first fetch of a list
/// would take a quarter of the time. Creating it afterwards takes a second.
enum GroupIndex {
    /// Creates the index.
    ///
    /// It has the creation times, so that calls outside of a mount's window are passed over without reading the table.
    /// The column `id` keeps the recordings of a call in the order of their positions.
    static let statement = """
        CREATE INDEX IF NOT EXISTS entry_of_group ON entry (kind, group_sid, id, created)
        WHERE group_sid IS NOT NULL AND status IS NULL
        """

    /// Creates the index of earlier versions.
    static let former = """
        CREATE INDEX IF NOT EXISTS entry_by_group ON entry (kind, group_sid)
        WHERE group_sid IS NOT NULL AND status IS NULL
        """

    private static let formerName = "entry_by_group"

    /// Creates the index, and removes the former one, which a mount of an earlier version may have created meanwhile.
    static func create(in database: Database) throws {
        try database.execute(sql: "DROP INDEX IF EXISTS \(formerName)")
        try database.execute(sql: statement)
    }

    /// Converts a catalog of an earlier version: it gets the index if it has the former one.
    static func replaceFormer(in database: Database) throws {
        let query = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?1"
        let hasFormer = try database.firstRow(of: query, [formerName]) { _ in true } ?? false
        if hasFormer { try create(in: database) }
    }
}
