import GRDB
import TwilioAPI

/// The tables of the catalog, and how they came to be what they are: each step is applied once.
enum Schema {
    /// The steps.
    ///
    /// A new one's name has lower-case letters, digits, blanks and hyphens only, begins with a letter and is no longer
    /// than 64 bytes: earlier versions take others for damage (``CatalogCheck``), and not for those of a newer one.
    static func migrator(coder: DocumentCoder) -> DatabaseMigrator {
        precondition(
            MediaKind.allCases.allSatisfy { listedKinds.contains($0.rawValue) },
            "a kind of media has no row in the catalog's table of lists")
        var migrator = DatabaseMigrator()
        // The first two steps are those of earlier versions, as they were.
        migrator.registerMigration("resources, media facts, lists") { try $0.execute(sql: FirstSchema.tables) }
        migrator.registerMigration("integrity, order of names") { try $0.execute(sql: FirstSchema.integrityAndNames) }
        migrator.registerMigration("a million recordings") { database in
            try database.execute(sql: tables)
            try FirstSchema.convert(database, coder: coder)
        }
        migrator.registerMigration("times of changes") { try $0.execute(sql: changeTimes) }
        migrator.registerMigration("requirements") { database in
            try database.execute(sql: requirements)
            try RequirementColumn.fill(database, coder: coder)
        }
        migrator.registerMigration("checksums of rows") { database in
            try database.execute(sql: checksums)
            try ChecksumConversion(database: database).run()
        }
        return migrator
    }

    /// The numbers of the kinds for which the steps insert rows into `list`.
    ///
    /// A further kind needs a further step that inserts its row: catalogs without it would pass for damaged ones.
    static let listedKinds = 1...3

    /// The tables.
    ///
    /// Lists are read a million rows at a time, single recordings looked up at random, and resources read rarely. So
    /// what a listing needs is in narrow rows, beside each other, and the documents are elsewhere.
    ///
    /// - `entry.id` is the order of a directory's entries and the place where its reader goes on: it never changes and
    ///   is never given again (`position`), so entries neither come twice nor are missed when others appear or vanish
    ///   meanwhile.
    /// - `entry.sid` and `group_sid` are the 16 bytes of a SID's digits; the letters follow from the kind.
    /// - `entry.status` is null for completed recordings, else Twilio's word.
    /// - `document.json` and `media.facts` are packed by ``DocumentCoder``.
    /// - `coverage` tells for which times of creation a list is here: all of it (`pass` 0), and as far as a pass that
    ///   looks for what has gone has come (`pass` 1). Seconds since 1970, half-open.
    /// - `list.generation` counts those passes; `entry.generation` is the latest that has met the resource.
    ///   `refreshed`, `passed` and `touched` are when it was last asked for what is new, when a pass was last
    ///   completed, and when the running one last went on.
    /// - There is one more index, ``groupIndex``, that is made later.
    /// - `removal` is what mounts read to drop files that they have shown.
    private static let tables = """
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            kind INTEGER NOT NULL,
            sid BLOB NOT NULL,
            status TEXT,
            created INTEGER,
            format TEXT NOT NULL,
            json_size INTEGER NOT NULL,
            size INTEGER,
            integrity INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            group_sid BLOB
        ) STRICT;
        CREATE UNIQUE INDEX entry_by_name ON entry (kind, sid);
        CREATE INDEX entry_by_date ON entry (kind, created);
        CREATE INDEX entry_unfinished ON entry (status, kind) WHERE status IS NOT NULL;
        CREATE TABLE document (id INTEGER PRIMARY KEY, json BLOB NOT NULL) STRICT;
        ALTER TABLE media RENAME TO old_media;
        CREATE TABLE media (id INTEGER PRIMARY KEY, entity_tag TEXT, facts BLOB NOT NULL) STRICT;
        CREATE TABLE position (next INTEGER NOT NULL) STRICT;
        CREATE TABLE tally (
            kind INTEGER NOT NULL,
            status TEXT NOT NULL,
            integrity INTEGER NOT NULL,
            count INTEGER NOT NULL,
            sized_count INTEGER NOT NULL,
            known_bytes INTEGER NOT NULL,
            PRIMARY KEY (kind, status, integrity)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE list ADD COLUMN refreshed INTEGER;
        ALTER TABLE list ADD COLUMN passed INTEGER;
        ALTER TABLE list ADD COLUMN touched INTEGER;
        CREATE TABLE coverage (
            kind INTEGER NOT NULL,
            pass INTEGER NOT NULL,
            lower INTEGER NOT NULL,
            upper INTEGER NOT NULL,
            PRIMARY KEY (kind, pass, lower)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE removal (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            kind INTEGER NOT NULL,
            sid BLOB NOT NULL,
            created INTEGER,
            format TEXT NOT NULL,
            group_sid BLOB
        ) STRICT;
        INSERT INTO list (kind, generation) VALUES (1, 0), (2, 0), (3, 0) ON CONFLICT DO NOTHING;
        INSERT INTO position (next) SELECT 1 + coalesce(max(id), 0) FROM resource;
        """

    /// `entry.updated` is when Twilio last changed the resource, in seconds since 1970; null where that isn't told.
    ///
    /// Reading all documents for it would keep the first mount waiting. So a pass over each list is due instead, which
    /// fills it.
    private static let changeTimes = """
        ALTER TABLE entry ADD COLUMN updated INTEGER;
        UPDATE list SET passed = NULL;
        """

    /// What has to be held for recordings to be read: a requirement's number is in `entry.requirement`, null where
    /// nothing but the account's credentials is required.
    private static let requirements = """
        CREATE TABLE requirement (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        ALTER TABLE entry ADD COLUMN requirement INTEGER;
        """

    /// Each row of the large tables gets a checksum of its values (``RowChecksum``).
    private static let checksums = """
        ALTER TABLE entry ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE document ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE media ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        """

    /// The index by which the recordings of a call or a room are found.
    ///
    /// Calls' SIDs come in no order, so keeping it while a list is first brought here would take a quarter of the time.
    /// Made afterwards, it takes a second.
    static let groupIndex = """
        CREATE INDEX IF NOT EXISTS entry_by_group ON entry (kind, group_sid)
        WHERE group_sid IS NOT NULL AND status IS NULL
        """
}
