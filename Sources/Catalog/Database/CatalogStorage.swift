import GRDB
import Logging
import Support

/// The database in use, through which the whole catalog reads and writes, and its replacement when it is damaged.
///
/// Safe to use from any thread.
final class CatalogStorage: Sendable {
    /// The database in use, and how many were used before it.
    private struct Current {
        var database: CatalogDatabase
        var epoch = 0
    }

    /// Checks the file when it is opened, and later.
    let check: CatalogCheck

    /// What is known of requirements, whose numbers belong to one database.
    let requirements: RequirementMemory

    private let folder: String
    private let logger: Logger
    private let current: Locked<Current>
    private let bulkPeriod = BulkPeriod()

    /// Opens the database in a folder, or makes an empty one.
    init(folder: String, check: CatalogCheck, requirements: RequirementMemory, logger: Logger) throws(CatalogError) {
        self.folder = folder
        self.check = check
        self.requirements = requirements
        self.logger = logger
        current = Locked(Current(database: try CatalogDatabase(folder: folder, check: check, logger: logger)))
    }

    /// Packs and unpacks documents.
    var coder: DocumentCoder { check.coder }

    /// The number of the database in use (``Catalog/epoch``).
    var epoch: Int { current.withLock { $0.epoch } }

    /// The number of the database in use, and whether all of its rows were checked when it was opened.
    var opened: (epoch: Int, isChecked: Bool) { current.withLock { ($0.epoch, $0.database.isChecked) } }

    // MARK: Transactions

    /// Runs a body of queries, each of which sees the latest state; ``readTogether(_:)`` is for queries that must see
    /// the same one.
    func read<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        let database = current.withLock { $0.database }
        do {
            let value = try database.pool.unsafeRead(body)
            try checkPlace(of: database)
            return value
        } catch {
            throw failure(error, "read", database)
        }
    }

    /// Runs a body of queries that see the catalog as it is at one moment.
    func readTogether<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        let database = current.withLock { $0.database }
        do {
            let value = try database.pool.read(body)
            try checkPlace(of: database)
            return value
        } catch {
            throw failure(error, "read", database)
        }
    }

    /// Runs a body of changes in one transaction.
    ///
    /// - Parameter epoch: the number of the database to which they belong; nil for the one in use.
    func write<Value>(
        in epoch: Int? = nil, _ body: (inout CatalogWriter) throws -> Value
    ) throws(CatalogError) -> Value {
        let (database, latest) = current.withLock { ($0.database, $0.epoch) }
        guard epoch ?? latest == latest else {
            throw CatalogError(.database, "the catalog '\(database.path)' was begun anew meanwhile")
        }
        do {
            let (value, gains) = try database.pool.write {
                try CatalogWriter.write($0) { writer in try (body(&writer), writer.requirementGains) }
            }
            if !gains.isEmpty { requirements.add(gains) }
            bulkPeriod.wrote()
            try checkPlace(of: database)
            return value
        } catch {
            throw failure(error, "written", database)
        }
    }

    // MARK: Bulk writing

    /// Begins a time in which nothing waits for the disk (``Catalog/beginBulk(copyingOn:)``).
    func beginBulk(copyingOn copier: WorkerPool) {
        bulkPeriod.begin(current.withLock { $0.database }, copyingOn: copier)
    }

    /// Ends it (``Catalog/endBulk(flushingOn:)``).
    func endBulk(flushingOn worker: WorkerPool?) {
        bulkPeriod.end(flushingOn: worker)
    }

    // MARK: Replacement

    /// Gives up a database that is no longer the account's catalog.
    ///
    /// Called after each use: a reader's connection that is opened later opens whatever file is there by then.
    private func checkPlace(of database: CatalogDatabase) throws(CatalogError) {
        guard !database.isInPlace else { return }
        replace(database, reason: nil)
        throw CatalogError(
            .database, "the catalog '\(database.path)' was set aside by another mount, or removed; it is opened anew")
    }

    private func failure(_ error: any Error, _ verb: String, _ database: CatalogDatabase) -> CatalogError {
        if let error = error as? CatalogError { return error }
        let reason = error as? DatabaseError
        if let reason, reason.isDamage {
            replace(database, reason: reason)
        } else if !database.isInPlace {
            // A reader that is opened now finds no file.
            replace(database, reason: nil)
        }
        return CatalogError(
            .database, "the catalog '\(database.path)' can't be \(verb): \(reason?.message ?? "\(error)")", cause: error
        )
    }

    /// Sets a damaged database aside, unless another thread has done so, and opens the file that is there then.
    ///
    /// The call that met the damage fails; the next one uses the new database.
    ///
    /// - Parameter reason: the damage; nil when the file is no longer there.
    private func replace(_ old: CatalogDatabase, reason: DatabaseError?) {
        // Lock order: the database in use, then requirements.
        current.withLock { current in
            guard current.database.pool === old.pool else { return }
            do {
                if let reason { try old.setAside(reason: reason, logger: logger) }
                current.database = try CatalogDatabase(
                    folder: folder, check: check, patience: CatalogDatabase.patienceOfServing, logger: logger)
                current.epoch += 1
                requirements.forgetNumbers()
            } catch {
                logger.error("the damaged catalog can't be replaced", error: error)
            }
        }
    }
}
