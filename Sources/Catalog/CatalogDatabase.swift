import Foundation
import GRDB

/// The SQLite file below the catalog: where it is, its schema, and who may read it.
struct CatalogDatabase: Sendable {
    /// Connections for readers side by side with one writer (WAL).
    let pool: DatabasePool

    /// The file, for messages.
    let path: String

    /// Opens the catalog of one account, or makes an empty one.
    ///
    /// - Parameter folder: where the file is kept; made if it is missing, readable by its owner alone, since resources
    ///   tell who called whom.
    init(folder: String) throws(CatalogError) {
        let path = folder + "/catalog.sqlite"
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            // SQLite gives its journal the mode of the main file, which is made first for that reason.
            let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw CatalogError(.unusable, String(cString: strerror(errno)))
            }
            // Also where the file was there already, from a copy for instance.
            fchmod(descriptor, 0o600)
            close(descriptor)
            var configuration = Configuration()
            configuration.label = "catalog"
            // Two mounts of one account share the file; each writes for milliseconds.
            configuration.busyMode = .timeout(10)
            pool = try DatabasePool(path: path, configuration: configuration)
            try Self.migrator.migrate(pool)
        } catch {
            let reason = (error as? CatalogError)?.message ?? (error as? DatabaseError)?.message ?? "\(error)"
            throw CatalogError(
                .unusable, "the catalog '\(path)' can't be opened: \(reason); choose another --cache-dir or remove it",
                cause: error)
        }
    }

    /// The schema's history; each step is applied once.
    ///
    /// `resource.id` is the order of a directory's entries and the place where its reader goes on: it never changes
    /// and is never given again, so entries neither come twice nor are missed when others appear or vanish meanwhile.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("resources, media facts, lists") { database in
            try database.execute(
                sql: """
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
                    """)
        }
        migrator.registerMigration("integrity, order of names") { database in
            try database.execute(sql: integrityAndNames)
        }
        return migrator
    }

    /// What is known of the truth of each recording's bytes, how many recordings there are of each integrity, and an order
    /// by name.
    ///
    /// Resources that were stored before get their integrity from the next pass, which meets all of them. Facts that were
    /// stored before don't say in a place of their own whether the media has a tag, so they are learnt again where it may.
    ///
    /// The numbers are kept by triggers because counting a million rows takes a quarter of a second, and `stat` of
    /// `status.json` would count them. `NEW` and `OLD` are the row after and before.
    private static let integrityAndNames = """
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
}
