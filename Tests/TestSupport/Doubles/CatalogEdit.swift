import GRDB
public import Testing

/// A change of a good catalog that another program, or a disk, could have made: SQL.
public struct CatalogEdit: Sendable, CustomTestStringConvertible {
    /// The statements, one transaction.
    public let sql: String

    /// Makes an edit.
    public init(sql: String) {
        self.sql = sql
    }

    /// The statements.
    public var testDescription: String { sql }

    /// Changes the file `catalog.sqlite`.
    public func apply(to file: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        let database = try DatabaseQueue(path: file, configuration: configuration)
        try database.write { try $0.execute(sql: sql) }
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try database.close()
    }

    /// All edits: extremes in each column, odd formats, garbage, and what doesn't belong into the schema.
    public static let all: [CatalogEdit] = {
        let most = "9223372036854775807"
        let least = "-9223372036854775808"
        let numbers = ["0", "-1", "1", most, least, "4611686018427387904", "9223372036854775806"]
        let sizes = numbers.map { "UPDATE entry SET size = \($0)" } + ["UPDATE entry SET size = NULL"]
        let jsonSizes = ["0", "-1", most].map { "UPDATE entry SET json_size = \($0)" }
        let positions = [
            "UPDATE entry SET id = \(most) WHERE id = (SELECT max(id) FROM entry)",
            "UPDATE entry SET id = -id", "UPDATE entry SET id = id + 1000000",
            "UPDATE entry SET id = 4611686018427387904 WHERE id = (SELECT max(id) FROM entry)",
        ]
        let created = ["0", "-1", most, least, "253402300800", "9223372036854689407", "NULL"].map {
            "UPDATE entry SET created = \($0)"
        }
        let lists = ["refreshed", "passed", "touched"].flatMap { column in
            [most, least].map { "UPDATE list SET \(column) = \($0)" }
        }
        let tallies = [
            "UPDATE tally SET count = \(most)", "UPDATE tally SET known_bytes = \(most)", "UPDATE tally SET count = -1",
            "UPDATE tally SET known_bytes = \(least), sized_count = \(least)", "DELETE FROM tally",
            "UPDATE tally SET kind = 7 WHERE kind = 1", "UPDATE tally SET known_bytes = 4611686018427387904",
            "UPDATE tally SET known_bytes = 0", "UPDATE tally SET count = 0",
        ]
        let sequences = [
            "UPDATE position SET next = \(most)", "UPDATE position SET next = 1", "UPDATE position SET next = -5",
            "DELETE FROM position", "INSERT INTO position VALUES (5)", "UPDATE list SET generation = \(most)",
            "UPDATE entry SET generation = \(most)", "UPDATE list SET generation = \(least)", "DELETE FROM list",
            "INSERT INTO removal VALUES (\(most), 1, zeroblob(16), \(most), 'wav', NULL)",
            "INSERT INTO removal VALUES (\(least), 9, x'00', \(least), '../..', x'00')",
            "INSERT INTO coverage VALUES (1, 0, \(most) - 5, \(most))",
            "INSERT INTO sqlite_sequence VALUES ('removal', \(most))",
            "INSERT INTO sqlite_sequence VALUES ('removal', 'many')",
            "UPDATE coverage SET upper = lower", "INSERT INTO coverage VALUES (2, 1, -5000000000000000, 7)",
        ]
        let formats = [
            "''", "char(10)", "'w' || char(10) || 'av'", "'a' || char(0) || 'b'", "'a/b'", "'/'", "'.'", "'..'",
            "'WAV'", "substr(hex(zeroblob(150)), 1, 300)", "char(27) || '[2J'", "'mp3'",
        ].map { "UPDATE entry SET format = \($0)" }
        let identities = [
            "UPDATE entry SET kind = 9 WHERE kind = 1", "UPDATE entry SET kind = 2 WHERE kind = 1",
            "UPDATE entry SET sid = x'00' WHERE id = (SELECT max(id) FROM entry)",
            "UPDATE entry SET sid = randomblob(16) WHERE id = (SELECT max(id) FROM entry)",
            "UPDATE entry SET status = 'completed'", "UPDATE entry SET status = char(27) || '[31mfailed'",
            "UPDATE entry SET requirement = 77", "INSERT INTO requirement VALUES (5, 'x' || char(10))",
            "UPDATE entry SET integrity = 77", "UPDATE entry SET integrity = 3", "UPDATE entry SET group_sid = x'01'",
            "DELETE FROM entry WHERE id = (SELECT min(id) FROM entry)",
            "DELETE FROM entry WHERE id IN (SELECT id FROM entry ORDER BY id LIMIT 3 OFFSET 5)",
        ]
        let documents = [
            "UPDATE document SET json = zeroblob(0)", "UPDATE document SET json = randomblob(500)",
            "UPDATE document SET json = CAST(x'00' || '{\"sid\":\"\"}' AS BLOB)",
            "UPDATE document SET json = (SELECT json FROM document WHERE id = (SELECT min(id) FROM document))",
            "DELETE FROM document", "UPDATE media SET facts = randomblob(300)", "UPDATE media SET facts = zeroblob(0)",
            "UPDATE media SET facts = CAST(x'00' || '{\"ciphertextSize\":9223372036854775807}' AS BLOB)",
            "UPDATE media SET entity_tag = 'x'", "DELETE FROM media",
            "DELETE FROM document WHERE id = (SELECT id FROM entry ORDER BY id LIMIT 1 OFFSET 5)",
            // They stand in the way of what is new.
            "INSERT INTO document (id, json) SELECT next, x'00' FROM position",
            "INSERT INTO document (id, json) VALUES (\(most), x'00')",
        ]
        let calls = [
            "UPDATE call SET from_number = -1", "UPDATE call SET from_number = 5",
            "UPDATE call SET from_number = \(most)", "UPDATE call SET to_number = 493012345",
            "UPDATE call SET from_text = char(27) || '[2J'", "UPDATE call SET from_text = '../..'",
            "UPDATE call SET to_text = NULL", "UPDATE call SET started = \(most)", "UPDATE call SET started = \(least)",
            "UPDATE call SET direction = '../..'", "UPDATE call SET checksum = 0",
            "UPDATE call SET sid = x'00' WHERE sid = (SELECT min(sid) FROM call)",
            "DELETE FROM call WHERE sid = (SELECT min(sid) FROM call)", "DELETE FROM call",
            "INSERT INTO call VALUES (x'\(String(repeating: "f", count: 32))', 5, NULL, 0, '', 0, '', 7)",
            "UPDATE row_count SET count = \(most)", "UPDATE row_count SET count = -1", "DELETE FROM row_count",
            "UPDATE conference SET sid = zeroblob(16)", "UPDATE conference SET id = id + 1000000",
            "UPDATE conference SET checksum = checksum + 1", "DELETE FROM conference",
            "INSERT INTO conference VALUES (\(most), zeroblob(16), 5)",
            "INSERT OR REPLACE INTO conference VALUES (1, x'01', 5)",
            "INSERT INTO coverage VALUES (1, 2, 5, 5)", "DROP INDEX call_by_from",
        ]
        let schema = [
            "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END",
            "CREATE TRIGGER t BEFORE UPDATE ON list BEGIN SELECT RAISE(ABORT, 'no'); END",
            "CREATE VIEW v AS SELECT * FROM entry", "CREATE TABLE other (a)", "ALTER TABLE entry ADD COLUMN extra TEXT",
            "CREATE INDEX i ON entry (size)", "DROP INDEX entry_by_name", "ALTER TABLE coverage RENAME TO c",
            "DROP TABLE removal; CREATE VIEW removal AS SELECT 1 AS sequence, 1 AS kind, zeroblob(16) AS sid",
            """
            DROP TABLE grdb_migrations; CREATE VIEW grdb_migrations AS WITH RECURSIVE r(identifier) AS
            (SELECT 'a' UNION ALL SELECT 'a' || identifier FROM r) SELECT identifier FROM r
            """,
            "DELETE FROM grdb_migrations WHERE rowid = (SELECT max(rowid) FROM grdb_migrations)",
            "DELETE FROM grdb_migrations", "INSERT INTO grdb_migrations VALUES (x'00FF')",
            "INSERT INTO grdb_migrations VALUES ('a step' || char(10) || char(27) || '[2J')",
            "INSERT INTO grdb_migrations VALUES ('')", "INSERT INTO grdb_migrations VALUES ('-1')",
            "INSERT INTO grdb_migrations VALUES ('Requirements')", "INSERT INTO grdb_migrations VALUES ('newer!')",
            "INSERT INTO grdb_migrations VALUES ('a' || hex(zeroblob(40)))",
            "UPDATE grdb_migrations SET identifier = '2' WHERE identifier = 'requirements'",
        ]
        return [
            sizes, jsonSizes, positions, created, lists, tallies, sequences, formats, identities, documents, calls,
            schema,
        ].flatMap { $0 }.map(CatalogEdit.init(sql:))
    }()

    /// Those that are worth a mount of their own: one of each kind that did harm.
    public static let mounted: [CatalogEdit] = all.filter { edit in
        [
            "size = 0", "size = 9223372036854775806", "json_size = -1", "created = 9223372036854689407", "id = -id",
            "next = 9223372036854775807", "known_bytes = 9223372036854775807", "format = 'a/b'",
            "json = randomblob(500)", "facts = CAST(", "CREATE TRIGGER t AFTER", "CREATE VIEW grdb_migrations",
            "generation = 9223372036854775807",
        ].contains { edit.sql.contains($0) }
    }
}
