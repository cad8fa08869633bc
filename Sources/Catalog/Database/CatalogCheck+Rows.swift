import GRDB
import Support
import TwilioAPI

/// Checking rows one by one, in batches.
extension CatalogCheck {
    /// Checks up to `limit` entries after a position, with their documents and media facts.
    ///
    /// It reads everything, two kilobytes an entry, and takes some ten microseconds for each.
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
        let entries = try RawStatement(
            database, "SELECT \(EntryRow.columns) FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2")
        defer { entries.finish() }
        entries.bind(1, position)
        entries.bind(2, Int64(limit))
        var last: Int64?
        while try entries.step() {
            let entry = try EntryRow(entries)
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
            let strays = try RawStatement(
                database, "SELECT 1 FROM entry WHERE id > ?1 AND id <= ?2 AND \(condition) LIMIT 1")
            defer { strays.finish() }
            strays.bind(1, position)
            strays.bind(2, last)
            guard try !strays.step() else { throw DatabaseError.damage(table) }
        }
    }

    private func checkDocuments(_ database: Database, from position: Int64, to last: Int64) throws {
        let documents = try RawStatement(
            database,
            """
            SELECT json, document.checksum FROM entry LEFT JOIN document USING (id)
            WHERE entry.id > ?1 AND entry.id <= ?2
            """)
        defer { documents.finish() }
        documents.bind(1, position)
        documents.bind(2, last)
        while try documents.step() {
            let isWhole = documents.withBytes(0) { RowChecksum.document($0) == documents.integer(1) && !$0.isEmpty }
            guard isWhole else { throw DatabaseError.damage("document") }
        }
    }

    private func checkMedia(_ database: Database, from position: Int64, to last: Int64) throws {
        let media = try RawStatement(
            database,
            """
            SELECT size, entity_tag, facts, media.checksum FROM entry LEFT JOIN media USING (id)
            WHERE entry.id > ?1 AND entry.id <= ?2 AND size IS NOT NULL
            """)
        defer { media.finish() }
        media.bind(1, position)
        media.bind(2, last)
        while try media.step() {
            let checksum = media.withBytes(2) { facts in
                RowChecksum.media(size: media.integer(0), entityTag: media.text(1), packed: facts)
            }
            guard checksum == media.integer(3) else { throw DatabaseError.damage("media") }
        }
    }
}
