import GRDB
import TwilioAPI

/// The tables of the catalog, and their history: each step is applied once.
enum Schema {
    /// The steps.
    ///
    /// The name of a new step has only lower-case letters, digits, spaces and hyphens, begins with a letter and is at
    /// most 64 bytes long: earlier versions take other names for damage (``CatalogCheck``), not for those of a newer
    /// version.
    static func migrator(coder: DocumentCoder) -> DatabaseMigrator {
        precondition(
            MediaKind.allCases.allSatisfy { listedKinds.contains($0.rawValue) },
            "a kind of media has no row in the catalog's table of lists")
        var migrator = DatabaseMigrator()
        // The first two steps are from earlier versions, unchanged.
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
        migrator.registerMigration("calls") { database in
            try database.execute(sql: CallTables.statements)
            try CallTables.fill(database, coder: coder)
        }
        migrator.registerMigration("times of passes") { try $0.execute(sql: passTimes) }
        migrator.registerMigration("lists without order") { try $0.execute(sql: orders) }
        migrator.registerMigration(orderOfGroups) { try GroupIndex.replaceFormer(in: $0) }
        return migrator
    }

    /// The step from which on catalogs have ``GroupIndex/statement`` in the place of ``GroupIndex/former``.
    static let orderOfGroups = "order of groups"

    /// The numbers of the kinds for which the steps insert rows into `list`.
    ///
    /// A further kind needs a further step that inserts its row: catalogs without it would be taken for damaged ones.
    static let listedKinds = 1...3

    /// The tables.
    ///
    /// Lists are read a million rows at a time, single recordings at random, and resources rarely. So the columns of
    /// listings are in narrow, adjacent rows, and the documents are elsewhere.
    ///
    /// - `entry.id` is the order of a directory's entries, and the position where a listing resumes. It never changes
    ///   and is never reused (`position`), so a listing neither repeats nor misses entries when others appear or
    ///   vanish.
    /// - `entry.sid` and `group_sid` are the 16 bytes of a SID's digits; the letters follow from the kind.
    /// - `entry.status` is null for completed recordings, else Twilio's word.
    /// - `document.json` and `media.facts` are packed by ``DocumentCoder``.
    /// - `coverage` has the creation times for which the catalog has the list (`pass` 0), those that the running pass
    ///   has covered (`pass` 1), and those of the last completed pass (`pass` 3), as half-open ranges of seconds since
    ///   1970.
    /// - `list.generation` counts passes; `entry.generation` is the latest one that saw the resource. `refreshed`,
    ///   `passed` and `touched` are the times of the last refresh, the last completed pass, and the last progress of a
    ///   pass.
    /// - The index of groups (``GroupIndex``) is created later.
    /// - `removal` lists removed recordings, so that mounts drop their files.
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

    /// `entry.updated` is the time of Twilio's last change of the resource, in seconds since 1970; null when unknown.
    ///
    /// Reading all documents for it would delay the first mount. Instead, a pass over each list becomes due and fills
    /// it.
    private static let changeTimes = """
        ALTER TABLE entry ADD COLUMN updated INTEGER;
        UPDATE list SET passed = NULL;
        """

    /// The requirements for reading recordings.
    ///
    /// `entry.requirement` is the number of a requirement, or null if the account's credentials suffice.
    private static let requirements = """
        CREATE TABLE requirement (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        ALTER TABLE entry ADD COLUMN requirement INTEGER;
        """

    /// The times of the last completed passes are unknown.
    ///
    /// A pass over each list becomes due. It also finds what an earlier version took for known, for which the refreshes
    /// of a mount that shows a part counted for all of the list.
    private static let passTimes = "UPDATE list SET passed = NULL;"

    /// The lists that pages have shown not to be ordered, the newest first: those of recordings (`pass` 0) and that of
    /// calls (`pass` 2).
    private static let orders = """
        CREATE TABLE unordered (
            kind INTEGER NOT NULL,
            pass INTEGER NOT NULL,
            PRIMARY KEY (kind, pass)
        ) STRICT, WITHOUT ROWID;
        """

    private static let checksums = """
        ALTER TABLE entry ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE document ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE media ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        """
}
