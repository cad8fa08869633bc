import GRDB
import Support
import TwilioAPI

/// Adds checksums to the rows of an earlier version's catalog.
///
/// That version stored whatever a server sent. Values out of bounds are removed here, and learnt again: sizes on the
/// next request, resources in the next pass.
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
        // Other impossible values are in rows that are needed: the lists are fetched again.
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
        let select = try RawStatement(database, "SELECT \(EntryRow.columns) FROM entry")
        let update = try RawStatement(database, "UPDATE entry SET checksum = ?2 WHERE id = ?1")
        // Rows may change while they are read, but none is returned twice, since the order is that of IDs.
        while try select.step() {
            let row = try EntryRow(unchecked: select)
            update.bind(1, row.id)
            update.bind(2, row.checksum)
            try update.run()
        }
    }

    private func convertContents() throws {
        let documents = try RawStatement(database, "SELECT id, json FROM document")
        let updateDocument = try RawStatement(database, "UPDATE document SET checksum = ?2 WHERE id = ?1")
        while try documents.step() {
            updateDocument.bind(1, documents.integer(0))
            updateDocument.bind(2, documents.withBytes(1) { RowChecksum.document($0) })
            try updateDocument.run()
        }
        let media = try RawStatement(
            database, "SELECT media.id, size, entity_tag, facts FROM media JOIN entry USING (id)")
        let updateMedia = try RawStatement(database, "UPDATE media SET checksum = ?2 WHERE id = ?1")
        while try media.step() {
            updateMedia.bind(1, media.integer(0))
            updateMedia.bind(
                2,
                media.withBytes(3) {
                    RowChecksum.media(size: media.integer(1), entityTag: media.text(2), packed: $0)
                })
            try updateMedia.run()
        }
    }
}
