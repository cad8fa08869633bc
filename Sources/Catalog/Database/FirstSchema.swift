import Foundation
import GRDB
import Support
import TwilioAPI

/// The tables of versions before the step "a million recordings", and their conversion.
enum FirstSchema {
    static let tables = """
        CREATE TABLE resource (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sid TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            status TEXT NOT NULL,
            created INTEGER,
            format TEXT NOT NULL,
            json BLOB NOT NULL,
            generation INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX resource_by_kind ON resource (kind, status, id);
        CREATE INDEX resource_by_date ON resource (kind, status, created);
        CREATE TABLE media (
            sid TEXT NOT NULL PRIMARY KEY,
            plaintext_size INTEGER NOT NULL,
            facts BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE list (
            kind INTEGER NOT NULL PRIMARY KEY,
            generation INTEGER NOT NULL
        ) STRICT;
        """

    static let integrityAndNames = """
        ALTER TABLE resource ADD COLUMN integrity TEXT NOT NULL DEFAULT 'none';
        ALTER TABLE media ADD COLUMN entity_tag TEXT;
        DELETE FROM media WHERE instr(facts, CAST('GCM' AS BLOB)) > 0;
        CREATE INDEX resource_by_name ON resource (kind, status, sid);
        CREATE TABLE integrity_count (
            integrity TEXT NOT NULL PRIMARY KEY,
            count INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO integrity_count (integrity, count)
            SELECT column1, CASE column1
                WHEN 'none' THEN (SELECT count(*) FROM resource WHERE status = 'completed') ELSE 0 END
            FROM (VALUES ('unverified'), ('verified'), ('failed'), ('none'));
        CREATE TRIGGER resource_appeared AFTER INSERT ON resource WHEN NEW.status = 'completed' BEGIN
            UPDATE integrity_count SET count = count + 1 WHERE integrity = NEW.integrity;
        END;
        CREATE TRIGGER resource_vanished AFTER DELETE ON resource WHEN OLD.status = 'completed' BEGIN
            UPDATE integrity_count SET count = count - 1 WHERE integrity = OLD.integrity;
        END;
        CREATE TRIGGER resource_changed AFTER UPDATE OF status, integrity ON resource
        WHEN OLD.status <> NEW.status OR OLD.integrity <> NEW.integrity BEGIN
            UPDATE integrity_count SET count = count - 1 WHERE OLD.status = 'completed' AND integrity = OLD.integrity;
            UPDATE integrity_count SET count = count + 1 WHERE NEW.status = 'completed' AND integrity = NEW.integrity;
        END;
        """

    /// The number of resources converted at a time.
    private static let step = 1000

    /// Converts everything, since learning a size again would cost a request.
    ///
    /// An unreadable resource is dropped: the first pass stores it again.
    static func convert(_ database: Database, coder: DocumentCoder) throws {
        var position: Int64 = 0
        while true {
            let rows = try Row.fetchAll(
                database, sql: "SELECT id, kind, json, integrity FROM resource WHERE id > ? ORDER BY id LIMIT ?",
                arguments: [position, step])
            guard !rows.isEmpty else { break }
            for row in rows {
                guard let id = row.integer(0) else { throw DatabaseError.damage("resource") }
                try position.advance(to: id, in: "resource")
                try convert(row, id, database, coder)
            }
        }
        try convertMedia(database, coder)
        try database.execute(
            sql: "\(Tally.insertAll) DROP TABLE resource; DROP TABLE old_media; DROP TABLE integrity_count;")
    }

    private static func convert(_ row: Row, _ id: Int64, _ database: Database, _ coder: DocumentCoder) throws {
        guard let kind = row.integer(1).flatMap({ MediaKind(rawValue: Int(truncatingIfNeeded: $0)) }),
            let json = row.bytes(2), let resource = try? ListedResource(kind: kind, json: json)
        else { return }
        let insert = try RawStatement(
            database,
            """
            INSERT INTO entry (id, kind, sid, status, created, format, json_size, integrity, generation, group_sid)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9) ON CONFLICT DO NOTHING
            """)
        try insert.run([
            id, kind.rawValue, SIDDigits(resource.sid), resource.status.column,
            resource.dateCreated?.seconds, resource.containerFormat, json.count,
            (row.text(3).flatMap(StoredIntegrity.init(rawValue:)) ?? .none).code,
            resource.groupSID.map { SIDDigits($0) },
        ])
        guard insert.changedRows > 0 else { return }
        try database.execute(
            sql: "INSERT INTO document (id, json) VALUES (?, ?)",
            arguments: [id, Data(coder.encode(json))])
    }

    private static func convertMedia(_ database: Database, _ coder: DocumentCoder) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT sid, plaintext_size, entity_tag, facts FROM old_media")
        while let row = try rows.next() {
            guard let sid = row.text(0).flatMap({ SID($0) }), let kind = sid.kind, let size = row.integer(1),
                Bounds.sizes.contains(size), let facts = row.bytes(3)
            else { continue }
            let find = "UPDATE entry SET size = ?3 WHERE kind = ?1 AND sid = ?2 RETURNING id"
            var id: Int64?
            try database.forEachRow(of: find, [kind.rawValue, SIDDigits(sid), size]) { id = $0.integer(0) }
            guard let id else { continue }
            try database.execute(
                sql: "INSERT INTO media (id, entity_tag, facts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [id, row.text(2), Data(coder.encode(facts))])
        }
    }
}
