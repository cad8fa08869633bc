import GRDB
import Support
import TwilioAPI

/// Adds checksums to the rows of an earlier version's catalog.
///
/// That version stored whatever a server sent. Values out of bounds are removed here, and learnt again: sizes on the
/// next request, times in the next pass.
struct ChecksumConversion {
    let database: Database

    func run() throws {
        try forget()
        try convertEntries()
        try convertContents()
        try database.execute(sql: "DELETE FROM tally; \(Tally.insertAll)")
    }

    private func forget() throws {
        let (sizes, times) = (Bounds.sizes, Bounds.times)
        let positions = EntryRow.positions
        let formats = MediaKind.allCases.map { kind in
            "kind = \(kind.rawValue) AND format IN (\(kind.formats.map { "'\($0)'" }.joined(separator: ", ")))"
        }
        try database.execute(
            sql: """
                UPDATE entry SET size = NULL
                WHERE size NOT BETWEEN \(sizes.lowerBound) AND \(sizes.upperBound) OR id NOT IN (SELECT id FROM media);
                UPDATE entry SET created = NULL
                WHERE created NOT BETWEEN \(times.lowerBound) AND \(times.upperBound);
                UPDATE entry SET updated = NULL
                WHERE updated NOT BETWEEN \(times.lowerBound) AND \(times.upperBound);
                DELETE FROM media WHERE id NOT IN (SELECT id FROM entry WHERE size IS NOT NULL);
                UPDATE entry SET status = NULL WHERE status = 'completed';
                """)
        // A row with another impossible value is damage: the file is set aside, and the lists are fetched again.
        let odd = try Int.fetchOne(
            database,
            sql: """
                SELECT count(*) FROM entry
                WHERE NOT (\(formats.map { "(\($0))" }.joined(separator: " OR "))) OR length(sid) <> 16
                    OR id NOT BETWEEN \(positions.lowerBound) AND \(positions.upperBound)
                    OR json_size NOT BETWEEN \(sizes.lowerBound) AND \(sizes.upperBound)
                    OR integrity NOT BETWEEN 0 AND 3 OR id NOT IN (SELECT id FROM document)
                """)
        guard odd == 0 else { throw DatabaseError.damage("entry") }
    }

    private func convertEntries() throws {
        let update = try RawStatement(database, "UPDATE entry SET checksum = ?2 WHERE id = ?1")
        // Rows change while they are read, but none is returned twice: SQLite reads the table in the order of IDs.
        try database.forEachRow(of: CatalogEntry.select) { row in
            let row = try EntryRow(unchecked: row)
            try update.run([row.id, row.checksum])
        }
    }

    private func convertContents() throws {
        let updateDocument = try RawStatement(database, "UPDATE document SET checksum = ?2 WHERE id = ?1")
        try database.forEachRow(of: "SELECT id, json FROM document") { row in
            try updateDocument.run([row.integer(0), row.withBytes(1) { RowChecksum.document($0) }])
        }
        let updateMedia = try RawStatement(database, "UPDATE media SET checksum = ?2 WHERE id = ?1")
        let media = "SELECT media.id, size, entity_tag, facts FROM media JOIN entry USING (id)"
        try database.forEachRow(of: media) { row in
            let checksum = row.withBytes(3) { facts in
                RowChecksum.media(size: row.integer(1), entityTag: row.text(2), packed: facts)
            }
            try updateMedia.run([row.integer(0), checksum])
        }
    }
}
