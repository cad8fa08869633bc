import GRDB
import TwilioAPI

/// The tables of calls and conferences, and their contents from an earlier version's catalog.
enum CallTables {
    /// The statements that create the tables.
    ///
    /// - `call.sid` has the 16 bytes of a SID's digits; `started` is in seconds since 1970.
    /// - `from_number` and `to_number` are a telephone number's digits (E.164), and 0 for any other party, which
    ///   `from_text` and `to_text` have: they are null for telephone numbers.
    /// - `conference` has the conferences of recordings that belong to one, by `entry.id`.
    /// - `row_count` has the numbers of rows of both tables, since nothing else shows that one is missing.
    /// - `coverage` has the times for which the catalog has the calls that began then (`pass` 2).
    static let statements = """
        CREATE TABLE call (
            sid BLOB NOT NULL PRIMARY KEY,
            started INTEGER NOT NULL,
            direction TEXT,
            from_number INTEGER NOT NULL,
            from_text TEXT,
            to_number INTEGER NOT NULL,
            to_text TEXT,
            checksum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX call_by_from ON call (from_number, started);
        CREATE INDEX call_by_to ON call (to_number, started);
        CREATE TABLE conference (id INTEGER PRIMARY KEY, sid BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT;
        CREATE INDEX conference_by_sid ON conference (sid);
        CREATE TABLE row_count (name TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO row_count (name, count) VALUES ('call', 0), ('conference', 0);
        """

    /// The number of entries read at a time.
    private static let step: Int64 = 1000

    /// Finds the conferences of the stored recordings: reads the document of each recording of a call once.
    ///
    /// An unreadable document is skipped: the next pass stores it again.
    static func fill(_ database: Database, coder: DocumentCoder) throws {
        let select = """
            SELECT id, kind, json FROM entry JOIN document USING (id)
            WHERE id > ?1 AND +kind IN (\(StoredCalls.kinds)) ORDER BY id LIMIT ?2
            """
        var (position, count) = (Int64(0), Int64(0))
        while true {
            var found: [(id: Int64, conference: SID?)] = []
            try database.forEachRow(of: select, [position, step]) { row in
                let resource = row.kind(1).flatMap { kind in
                    row.withBytes(2) { coder.decode($0) }.flatMap { try? ListedResource(kind: kind, json: $0) }
                }
                try position.advance(to: row.integer(0), in: "entry")
                found.append((position, resource?.conferenceSID))
            }
            guard !found.isEmpty else { break }
            for (id, conference) in found {
                guard let conference else { continue }
                try ConferenceRow(id: id, digits: SIDDigits(conference)).insert(into: database)
                count += 1
            }
        }
        try RawStatement(database, "UPDATE row_count SET count = ?1 WHERE name = 'conference'").run([count])
    }
}

/// The tables whose rows are counted in `row_count`; the raw value is the name.
enum CountedTable: String, CaseIterable {
    case call
    case conference
}
