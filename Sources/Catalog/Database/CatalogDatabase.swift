import CSQLite
import Foundation
import GRDB
import Glibc
import Logging
import Support

/// The SQLite file below the catalog: where it is, who may read it, and what becomes of a damaged one.
struct CatalogDatabase: Sendable {
    /// Connections for readers side by side with one writer (WAL).
    let pool: DatabasePool

    /// The file, for messages.
    let path: String

    /// Whether opening checked every row, which it does with a small database.
    let isChecked: Bool

    /// The file's number, which tells whether it still is the one at ``path``.
    private let fileNumber: UInt64

    /// Readers side by side: each of libfuse's threads, and those that work ahead.
    private static let readerLimit = 16

    /// KiB of pages that the writer keeps: a first sync goes through the index of names from its beginning to its end,
    /// batch by batch, so more would hardly be used again.
    private static let writerCache = 24 << 10

    /// Bytes of a page of the file.
    ///
    /// SQLite writes page by page, and a first sync changes nearly all pages of the indexes with each batch anyway:
    /// larger ones mean fewer calls. Twenty packed resources fit into one.
    private static let pageSize = 16 << 10

    /// Pages of the journal after which its content goes to the main file: 64 MiB.
    ///
    /// A page that changes again before costs nothing; during a first sync all pages of the indexes do.
    static let checkpointInterval = 4 << 10

    /// Settings of SQLite itself, made once, before anything uses it.
    private static let settings: Void = { _ = twiliofs_sqlite_omit_memory_statistics() }()

    /// Opens the catalog of one account, or makes an empty one; one that is damaged is set aside.
    ///
    /// - Parameters:
    ///   - folder: where the file is kept; made if it is missing, readable by its owner alone, since resources tell who
    ///     called whom.
    ///   - check: looks whether it can be a catalog that was written here.
    ///   - patience: how long another mount that opens the catalog is waited for.
    init(
        folder: String, check: CatalogCheck, patience: Duration = Self.patienceOfMounting, logger: Logger
    ) throws(CatalogError) {
        _ = Self.settings
        let path = folder + "/catalog.sqlite"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try PrivateFile.checkFolder(folder, followsLink: true)
            self = try Self.alone(with: path, patience: patience) {
                do {
                    // SQLite opens them by their names: it would follow links, and wait for FIFOs.
                    for suffix in ["", "-wal", "-shm", "-journal"] { try PrivateFile.checkFile(path + suffix) }
                    Self.removeLeftJournal(path)
                    try Self.settle(path)
                    return try Self.open(path, check)
                } catch let error as DatabaseError where error.isDamage {
                    try Self.setAside(path, reason: error, logger: logger)
                    return try Self.open(path, check)
                }
            }
        } catch let refusal as PrivateFile.Refusal {
            // Where it has no advice of its own, the system has refused.
            let advice = refusal.remedy == nil ? "; choose another --cache-dir" : ""
            throw CatalogError(.unusable, "the catalog can't be opened: \(refusal)\(advice)", cause: refusal)
        } catch {
            if let error = error as? CatalogError, error.code == .inUse {
                throw CatalogError(.inUse, "the catalog '\(path)' can't be opened: \(error.message)")
            }
            let reason = (error as? CatalogError)?.message ?? (error as? DatabaseError)?.message ?? "\(error)"
            throw CatalogError(
                .unusable, "the catalog '\(path)' can't be opened: \(reason); choose another --cache-dir or remove it",
                cause: error)
        }
    }

    private init(pool: DatabasePool, path: String, isChecked: Bool, fileNumber: UInt64) {
        self.pool = pool
        self.path = path
        self.isChecked = isChecked
        self.fileNumber = fileNumber
    }

    private static func open(_ path: String, _ check: CatalogCheck) throws -> CatalogDatabase {
        // SQLite gives its journal the mode of the main file, which is made first for that reason.
        let descriptor = try PrivateFile.open(path, O_CREAT | O_RDWR)
        // Also where the file was there already, from a copy for instance.
        fchmod(descriptor, 0o600)
        let hasPossibleHeader = FileHeader.isPossible(descriptor)
        // Not asked of the path afterwards: a file removed meanwhile would count as being in place while it is missing.
        var status = stat()
        let fileNumber = fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
        close(descriptor)
        guard hasPossibleHeader else {
            throw DatabaseError(
                resultCode: .SQLITE_NOTADB, message: "its header isn't one that SQLite writes for twiliofs")
        }
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.maximumReaderCount = readerLimit
        // Two mounts of one account share the file; each writes for less than a second at a time.
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            // Whatever a schema says, no function with side effects is called for it.
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
            guard !database.configuration.readonly else { return }
            try database.execute(
                sql: """
                    PRAGMA page_size = \(pageSize);
                    PRAGMA cache_size = -\(writerCache);
                    PRAGMA wal_autocheckpoint = \(checkpointInterval);
                    PRAGMA journal_size_limit = \(64 << 20);
                    """)
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        let migrator = Schema.migrator(coder: check.coder)
        try pool.read { try check.checkSteps(of: $0, migrator) }
        if try pool.read(migrator.hasBeenSuperseded) {
            throw CatalogError(.unusable, "a newer version of twiliofs has made it")
        }
        try pool.read { try check.checkSchema(of: $0, migrator) }
        try migrator.migrate(pool)
        // Before anything of the catalog was shown, it can still be set aside without an error.
        let isChecked = try pool.read(check.checkValues)
        return CatalogDatabase(pool: pool, path: path, isChecked: isChecked, fileNumber: fileNumber)
    }

    /// Runs a body while no other mount opens the catalog or sets it aside: two that found the same damage would take
    /// away each other's new file, and two that find none would make the same tables.
    ///
    /// A process that holds the lock may be stopped, so it isn't waited for without end.
    private static func alone<Value>(
        with path: String, patience: Duration, _ body: () throws -> Value
    ) throws -> Value {
        let descriptor = try PrivateFile.open(path + "-lock", O_CREAT | O_RDWR)
        let lock: FileLock
        do throws(SystemError) {
            lock = try FileLock(descriptor, of: path + "-lock", patience: patience)
        } catch {
            guard error.code.rawValue == EWOULDBLOCK || error.code.rawValue == EINTR else { throw error }
            throw CatalogError(
                .inUse,
                "another process keeps the lock '\(path)-lock': another mount that begins, or one that is stopped")
        }
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// How long a mount waits for another that opens the same catalog, which may have to convert it.
    static let patienceOfMounting = Duration.seconds(30)

    /// How long it is waited for while programs wait for the mount; they get an error then, and the next one tries
    /// again.
    static let patienceOfServing = Duration.milliseconds(200)

    /// Removes the journal of a database that somebody has removed.
    ///
    /// Another mount may still have both open; a new database mustn't share its journal with that one.
    private static func removeLeftJournal(_ path: String) {
        guard number(of: path) == 0 else { return }
        for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }

    /// Looks what those have left who wrote without waiting for the disk.
    private static func settle(_ path: String) throws {
        switch BulkMarker.look(beside: path) {
        case .none:
            return
        case .unflushed(let markers):
            guard BulkMarker.flush(path), BulkMarker.flush(path + "-wal") else { return }
            for marker in markers { unlink(marker) }
        case .lost(let markers):
            for marker in markers { unlink(marker) }
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the machine went down while a list was brought here")
        }
    }

    /// Moves a damaged catalog out of the way, unless another mount has done so already.
    func setAside(reason: DatabaseError, logger: Logger) throws {
        try Self.alone(with: path, patience: Self.patienceOfServing) {
            guard isInPlace else { return }
            try Self.setAside(path, reason: reason, logger: logger)
        }
    }

    /// Moves a damaged catalog out of the way, with its journal; the one that was set aside before goes.
    private static func setAside(_ path: String, reason: DatabaseError, logger: Logger) throws {
        for suffix in ["-wal", "-shm", ""] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, "\(path).damaged\(suffix)") == 0 else {
                throw CatalogError(
                    .unusable, "it is damaged and can't be moved aside: \(SystemErrorCode.current)")
            }
        }
        logger.error(
            """
            the catalog '\(path)' is damaged (\(reason.message ?? "SQLite tells no reason")): it was set aside as \
            '\(path).damaged', and is built anew
            """)
    }

    /// Whether the file is still the one at ``path``: another mount may have set it aside, somebody may have removed
    /// it.
    var isInPlace: Bool { Self.number(of: path).map { $0 == fileNumber } ?? true }

    /// The number of a file, 0 when it isn't there; nil when that can't be known at the moment.
    private static func number(of path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return errno == ENOENT ? 0 : nil }
        return UInt64(status.st_ino)
    }
}

extension DatabaseError {
    /// Whether the file itself is wrong, so that no attempt will ever succeed.
    var isDamage: Bool {
        // SQLite reports an unknown format of the schema with the code of any error: only the message tells.
        resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB
            || resultCode == .SQLITE_ERROR && message == "unsupported file format"
    }
}
