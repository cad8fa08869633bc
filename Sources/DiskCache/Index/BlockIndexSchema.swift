import GRDB
import Support

/// The tables of the index.
enum BlockIndexSchema {
    /// An index of another version is set aside, since its blocks can be fetched again.
    private static let version = 1

    /// Creates the tables of an empty index, or verifies those of an existing one.
    static func prepare(_ database: Database) throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version")
        if version == Self.version {
            guard try items(of: database) == expectedItems() else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has unexpected tables or triggers")
            }
            return
        }
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
        guard version == 0, tables == 0 else {
            throw DatabaseError(resultCode: .SQLITE_FORMAT, message: "it is of version \(version ?? 0)")
        }
        try database.execute(sql: schema)
    }

    /// The definitions of tables, indexes and triggers.
    private static func items(of database: Database) throws -> Set<[String]> {
        Set(
            try Row.fetchAll(database, sql: "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master").map {
                row in try (0..<4).map { try row.decode(atIndex: $0) }
            })
    }

    /// The definitions in a new index; an existing index must have the same, so that values have the expected types.
    private static func expectedItems() throws -> Set<[String]> {
        if let known = expected.withLock({ $0 }) { return known }
        let made = try DatabaseQueue().write { database in
            try database.execute(sql: schema)
            return try items(of: database)
        }
        expected.withLock { $0 = made }
        return made
    }

    private static let expected = Locked<Set<[String]>?>(nil)

    /// The statements that create the tables.
    ///
    /// `id` is AUTOINCREMENT in `reservation`, and a block keeps its reservation's number. Numbers are never reused, so
    /// the late removal of a file never removes the file of another block.
    private static let schema = """
        CREATE TABLE content (
            id INTEGER PRIMARY KEY,
            sid TEXT NOT NULL,
            tag TEXT NOT NULL,
            size INTEGER NOT NULL,
            UNIQUE (sid, tag, size)
        ) STRICT;
        CREATE TABLE block (
            id INTEGER PRIMARY KEY,
            content INTEGER NOT NULL,
            number INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            used INTEGER NOT NULL,
            UNIQUE (content, number)
        ) STRICT;
        CREATE INDEX block_by_use ON block (used, id);
        CREATE TABLE reservation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            content INTEGER NOT NULL,
            number INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            owner TEXT NOT NULL,
            is_wanted INTEGER NOT NULL DEFAULT 1,
            UNIQUE (content, number)
        ) STRICT;
        CREATE TABLE account (bytes INTEGER NOT NULL, blocks INTEGER NOT NULL) STRICT;
        INSERT INTO account VALUES (0, 0);
        CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;
        \(trigger("block", "INSERT", "NEW", bytes: "+", blocks: "+"))
        \(trigger("block", "DELETE", "OLD", bytes: "-", blocks: "-"))
        \(trigger("reservation", "INSERT", "NEW", bytes: "+", blocks: nil))
        \(trigger("reservation", "DELETE", "OLD", bytes: "-", blocks: nil))
        \(unusedContentTrigger("block"))
        \(unusedContentTrigger("reservation"))
        PRAGMA user_version = \(version);
        """

    private static func trigger(
        _ table: String, _ event: String, _ row: String, bytes: String, blocks: String?
    ) -> String {
        """
        CREATE TRIGGER \(table)_\(event.lowercased())_account AFTER \(event) ON \(table) BEGIN
            UPDATE account SET bytes = bytes \(bytes) \(row).bytes\(blocks.map { ", blocks = blocks \($0) 1" } ?? "");
        END;
        """
    }

    /// Deletes a content with its last block or reservation.
    private static func unusedContentTrigger(_ table: String) -> String {
        """
        CREATE TRIGGER \(table)_delete_content AFTER DELETE ON \(table) BEGIN
            DELETE FROM content WHERE id = OLD.content
                AND NOT EXISTS (SELECT 1 FROM block WHERE content = OLD.content)
                AND NOT EXISTS (SELECT 1 FROM reservation WHERE content = OLD.content);
        END;
        """
    }
}
