import CSQLite
import Foundation
import GRDB
import Glibc
import Logging
import Support

/// The SQLite file of the catalog: its location, its permissions, and the replacement of a damaged one.
struct CatalogDatabase: Sendable {
    /// Connections for concurrent readers beside one writer (WAL); one connection for a stand-in.
    let pool: any DatabaseWriter

    /// The path of the file.
    let path: String

    /// Whether every row was checked at opening.
    ///
    /// The rows of a large database are checked in the background.
    let isChecked: Bool

    /// The inode of the file, to detect a replacement at ``path``; nil for a stand-in, which has no file.
    private let fileNumber: UInt64?

    /// The file, which follows ``pool`` so that it is closed after it; nil for a stand-in.
    let file: HeldFile?

    /// The most concurrent readers: libfuse's threads and prefetching.
    private static let readerLimit = 16

    /// The page cache of the writer, in KiB.
    ///
    /// Each batch of a first sync traverses the index of names, so a larger cache would hardly be reused.
    private static let writerCache = 24 << 10

    /// The page size of the file in bytes.
    ///
    /// SQLite writes whole pages, and each batch of a first sync changes nearly all pages of the indexes: larger pages
    /// mean fewer calls. A page holds twenty packed resources.
    static let pageSize = 16 << 10

    /// The pages of the journal after which SQLite copies it to the file: 64 MiB.
    ///
    /// A page that changes repeatedly before that is copied only once. During a first sync all pages of the indexes
    /// change repeatedly.
    static let checkpointInterval = 4 << 10

    /// Global settings of SQLite, applied once before its first use.
    private static let settings: Void = { _ = twiliofs_sqlite_omit_memory_statistics() }()

    init(pool: any DatabaseWriter, path: String, isChecked: Bool, fileNumber: UInt64?, file: HeldFile?) {
        self.pool = pool
        self.file = file
        self.path = path
        self.isChecked = isChecked
        self.fileNumber = fileNumber
    }
}

extension CatalogDatabase {
    /// Opens the catalog of an account, or makes an empty one; sets a damaged one aside.
    ///
    /// - Parameters:
    ///   - folder: the folder of the file; created if it is missing, readable by its owner alone, since resources
    ///     reveal who called whom.
    ///   - check: decides whether the file can be a catalog written by this program.
    ///   - patience: the longest wait for another mount that opens the catalog.
    init(
        folder: String, check: CatalogCheck, patience: Duration = Self.patienceOfMounting, logger: Logger
    ) throws(CatalogError) {
        _ = Self.settings
        let path = folder + "/catalog.sqlite"
        do {
            try PrivateFile.makeFolder(folder)
            try PrivateFile.checkFolder(folder, followsLink: true)
            self = try Self.alone(with: path, patience: patience) {
                do {
                    // SQLite opens files by name: it would follow links, and block on FIFOs.
                    for suffix in ["", "-wal", "-shm", "-journal"] { try PrivateFile.checkFile(path + suffix) }
                    Self.removeLeftJournal(path)
                    try Self.settle(path)
                    return try Self.open(path, check)
                } catch let error as DatabaseError where error.isDamage {
                    try Self.setAside(path, reason: error, logger: logger)
                    // Only now: until then they are the only evidence.
                    if case .lost(let markers) = BulkMarker.look(beside: path) { markers.forEach { unlink($0) } }
                    return try Self.open(path, check)
                }
            }
        } catch let refusal as PrivateFile.Refusal {
            // A refusal without a remedy comes from the system.
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

    private static func open(_ path: String, _ check: CatalogCheck) throws -> CatalogDatabase {
        // SQLite gives its journal the mode of the main file, so that file is created first.
        let file = HeldFile(try PrivateFile.open(path, O_CREAT | O_RDWR))
        // The mode of an existing file may differ, for instance in a copy.
        fchmod(file.descriptor, 0o600)
        let hasPossibleHeader = FileHeader.isPossible(file.descriptor)
        // The inode comes from the descriptor. A query by path would return 0 if the file was removed meanwhile, as for
        // any missing file, and the removed file would count as in place.
        var status = stat()
        let fileNumber = fstat(file.descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
        guard hasPossibleHeader else {
            throw DatabaseError(
                resultCode: .SQLITE_NOTADB, message: "its header isn't one that SQLite writes for twiliofs")
        }
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.maximumReaderCount = readerLimit
        // A connection's queue needs a new thread to be disposed of. If the system has none left, Dispatch waits for
        // one, with the pool locked, and so does everybody who reads. So readers stay when memory is released.
        configuration.persistentReadOnlyConnections = true
        // Two mounts of one account share the file; each writes for less than a second at a time.
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            // A foreign schema must not call functions with side effects.
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
            throw CatalogError(.unusable, "a newer version of twiliofs created it")
        }
        try pool.read { try check.checkSchema(of: $0, migrator) }
        try migrator.migrate(pool)
        // Nothing of the catalog was shown yet, so it can be set aside without an error.
        let isChecked = try pool.read(check.checkValues)
        return CatalogDatabase(pool: pool, path: path, isChecked: isChecked, fileNumber: fileNumber, file: file)
    }

    /// Runs a body while no other mount opens the catalog or sets it aside.
    ///
    /// Two mounts that found the same damage would set aside each other's new file, and two that found no file would
    /// create the same tables. The wait is limited, since a process that holds the lock may be stopped.
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
        return try withExtendedLifetime(lock, body)
    }

    /// The wait of a mount for another that opens the same catalog, and may have to convert it.
    static let patienceOfMounting = Duration.seconds(30)

    /// The same wait while programs use the mount; when it is over, their calls fail, and later calls retry.
    static let patienceOfServing = Duration.milliseconds(200)

    /// Removes the journal of a database that was deleted.
    ///
    /// Another mount may still have both open; a new database must not share its journal with that mount.
    private static func removeLeftJournal(_ path: String) {
        guard number(of: path) == 0 else { return }
        for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }

    /// Handles the remains of bulk writing by processes that have ended.
    private static func settle(_ path: String) throws {
        switch BulkMarker.look(beside: path) {
        case .none:
            return
        case .unflushed(let markers):
            guard BulkMarker.flush(path), BulkMarker.flush(path + "-wal") else { return }
            for marker in markers { unlink(marker) }
        case .lost:
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the machine went down while a list was being fetched")
        }
    }

    /// Sets a damaged catalog aside, unless another mount has done so already.
    func setAside(reason: DatabaseError, logger: Logger) throws {
        try Self.alone(with: path, patience: Self.patienceOfServing) {
            guard isInPlace else { return }
            try Self.setAside(path, reason: reason, logger: logger)
        }
    }

    /// Sets a damaged catalog aside, with its journal, and replaces the one set aside before.
    private static func setAside(_ path: String, reason: DatabaseError, logger: Logger) throws {
        for suffix in ["-wal", "-shm", ""] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, "\(path).damaged\(suffix)") == 0 else {
                throw CatalogError(.unusable, "it is damaged and can't be moved aside: \(SystemErrorCode.current)")
            }
        }
        logger.error(
            """
            the catalog '\(path)' is damaged (\(reason.message ?? "SQLite gave no reason")); it was set aside as \
            '\(path).damaged' and is rebuilt
            """)
    }

    /// Whether the path still leads to this file.
    ///
    /// Another mount may have set the file aside, or a user may have deleted it.
    var isInPlace: Bool {
        guard let fileNumber else { return true }
        return Self.number(of: path).map { $0 == fileNumber } ?? true
    }

    /// Whether this database takes the place of the one at ``path``, whose disk fails.
    var isStandIn: Bool { fileNumber == nil }

    /// The inode of a file; 0 when there is none; nil when unknown at the moment.
    private static func number(of path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return errno == ENOENT ? 0 : nil }
        return UInt64(status.st_ino)
    }
}

extension DatabaseError {
    /// Whether the error shows that the file is damaged, so that a retry can't succeed.
    var isDamage: Bool {
        // SQLite reports an unknown format of the schema with a general code; only the message is specific.
        resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB
            || resultCode == .SQLITE_ERROR && message == "unsupported file format"
    }
}
