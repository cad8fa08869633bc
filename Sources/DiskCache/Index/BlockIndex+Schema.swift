extension BlockIndex {
    /// The version of the schema; an index of another one is set aside, since what it holds can be fetched again.
    static let version = 1

    /// The tables.
    ///
    /// `id` is AUTOINCREMENT in `reservation`, and a block takes its reservation's over: it is never given again, so a
    /// file that is removed late is never another block's.
    static let schema = """
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

    /// Contents go with the last block of theirs.
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
