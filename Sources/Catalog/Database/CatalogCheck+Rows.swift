import GRDB

/// Checking rows one by one, in batches.
extension CatalogCheck {
    /// Checks up to `limit` entries after a position, with their documents and media facts.
    ///
    /// It reads everything, one or two kilobytes an entry, and takes a few microseconds for each.
    ///
    /// - Returns: the position of the last one; nil when none was left.
    func checkRows(of database: Database, after position: Int64, limit: Int) throws -> Int64? {
        guard let last = try checkEntries(database, after: position, limit: limit) else { return nil }
        try checkReferences(database, from: position, to: last)
        try checkDocuments(database, from: position, to: last)
        try checkMedia(database, from: position, to: last)
        return last
    }

    private func checkEntries(_ database: Database, after position: Int64, limit: Int) throws -> Int64? {
        var last: Int64?
        let query = "SELECT \(EntryRow.columns) FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2"
        try database.forEachRow(of: query, [position, limit]) { row in
            let entry = try EntryRow(row)
            // A damaged file may contain a page twice, out of order.
            guard entry.id > last ?? position else { throw DatabaseError.damage("entry") }
            last = entry.id
        }
        return last
    }

    /// Checks the numbers by which entries refer to other tables.
    private func checkReferences(_ database: Database, from position: Int64, to last: Int64) throws {
        for (table, condition) in [
            ("entry", "generation NOT BETWEEN 0 AND (SELECT generation FROM list WHERE list.kind = entry.kind)"),
            ("requirement", "requirement IS NOT NULL AND requirement NOT IN (SELECT id FROM requirement)"),
        ] {
            let strays = "SELECT 1 FROM entry WHERE id > ?1 AND id <= ?2 AND \(condition) LIMIT 1"
            try database.forEachRow(of: strays, [position, last]) { _ in throw DatabaseError.damage(table) }
        }
    }

    private func checkDocuments(_ database: Database, from position: Int64, to last: Int64) throws {
        let query = """
            SELECT json, document.checksum FROM entry LEFT JOIN document USING (id)
            WHERE entry.id > ?1 AND entry.id <= ?2
            """
        try database.forEachRow(of: query, [position, last]) { row in
            let isWhole = row.withBytes(0) { RowChecksum.document($0) == row.integer(1) && !$0.isEmpty }
            guard isWhole else { throw DatabaseError.damage("document") }
        }
    }

    private func checkMedia(_ database: Database, from position: Int64, to last: Int64) throws {
        let query = """
            SELECT size, entity_tag, facts, media.checksum FROM entry LEFT JOIN media USING (id)
            WHERE entry.id > ?1 AND entry.id <= ?2 AND size IS NOT NULL
            """
        try database.forEachRow(of: query, [position, last]) { row in
            let checksum = row.withBytes(2) { facts in
                RowChecksum.media(size: row.integer(0), entityTag: row.text(1), packed: facts)
            }
            guard checksum == row.integer(3) else { throw DatabaseError.damage("media") }
        }
    }
}
