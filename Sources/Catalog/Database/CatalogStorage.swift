import GRDB
import Logging
import Support

/// The database in use, for all reads and writes of the catalog, and its replacement when it is damaged.
///
/// Thread-safe.
final class CatalogStorage: Sendable {
    /// The database in use, and the number of its predecessors.
    private struct Current {
        var database: CatalogDatabase
        var epoch = 0
    }

    let check: CatalogCheck

    /// The known requirements, whose numbers belong to one database.
    let requirements: RequirementMemory

    private let folder: String
    private let logger: Logger
    private let current: Locked<Current>
    private let bulkPeriod = BulkPeriod()

    /// The attempts to read before the disk counts as failing: a single error may be an accident.
    private static let readingAttempts = 3

    init(folder: String, check: CatalogCheck, requirements: RequirementMemory, logger: Logger) throws(CatalogError) {
        self.folder = folder
        self.check = check
        self.requirements = requirements
        self.logger = logger
        current = Locked(Current(database: try CatalogDatabase(folder: folder, check: check, logger: logger)))
    }

    var coder: DocumentCoder { check.coder }

    var epoch: Int { current.withLock { $0.epoch } }

    var opened: (epoch: Int, isChecked: Bool) { current.withLock { ($0.epoch, $0.database.isChecked) } }

    // MARK: Transactions

    /// Runs queries, each with the latest state; ``readTogether(_:)`` gives them a common one.
    func read<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        try reading { try $0.unsafeRead(body) }
    }

    /// Runs queries in one transaction, with a common state.
    func readTogether<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        try reading { try $0.read(body) }
    }

    /// Runs queries; if the disk keeps failing, in the database that takes the file's place from then on.
    private func reading<Value>(_ body: (any DatabaseWriter) throws -> Value) throws(CatalogError) -> Value {
        for attempt in 1...Self.readingAttempts {
            let database = current.withLock { $0.database }
            do throws(CatalogError) {
                return try use(database, "read", body)
            } catch {
                guard !current.withLock({ $0.database.isStandIn }) else { break }
                guard database.isFailing(error) else { throw error }
                if attempt == Self.readingAttempts { standIn(for: database, because: error) }
            }
        }
        return try use(current.withLock { $0.database }, "read", body)
    }

    /// Runs changes in one transaction.
    ///
    /// - Parameter epoch: the number of the database to which they apply. If nil, they apply to the one in use, and run
    ///   again in the next one if that turns out to be damaged or no longer in place.
    func write<Value>(
        in epoch: Int? = nil, _ body: (inout CatalogWriter) throws -> Value
    ) throws(CatalogError) -> Value {
        let (database, latest) = current.withLock { ($0.database, $0.epoch) }
        guard epoch ?? latest == latest else {
            throw CatalogError(.database, "the catalog '\(database.path)' was rebuilt meanwhile")
        }
        do throws(CatalogError) {
            return try write(to: database, body)
        } catch {
            let next = current.withLock { $0.database }
            guard epoch == nil, next.pool !== database.pool else { throw error }
            return try write(to: next, body)
        }
    }

    private func write<Value>(
        to database: CatalogDatabase, _ body: (inout CatalogWriter) throws -> Value
    ) throws(CatalogError) -> Value {
        try use(database, "written") { pool in
            let (value, gains) = try pool.write {
                try CatalogWriter.write($0) { writer in try (body(&writer), writer.requirementGains) }
            }
            if !gains.isEmpty { requirements.add(gains) }
            bulkPeriod.wrote()
            return value
        }
    }

    /// Runs queries or changes, and replaces the database if it turns out to be damaged or no longer in place.
    ///
    /// - Parameter verb: a participle for the message of an error.
    private func use<Value>(
        _ database: CatalogDatabase, _ verb: String, _ body: (any DatabaseWriter) throws -> Value
    ) throws(CatalogError) -> Value {
        do {
            let value = try body(database.pool)
            try checkPlace(of: database)
            return value
        } catch {
            throw failure(error, verb, database)
        }
    }

    // MARK: Bulk writing

    func beginBulk(copyingOn copier: WorkerPool) {
        bulkPeriod.begin(current.withLock { $0.database }, copyingOn: copier)
    }

    func endBulk(flushingOn worker: WorkerPool?) { bulkPeriod.end(flushingOn: worker) }

    // MARK: Replacement

    /// Discards a database that is no longer the account's catalog.
    ///
    /// Called after each use, since the pool opens connections of readers when it needs them, and each opens the file
    /// that is at the path then.
    private func checkPlace(of database: CatalogDatabase) throws(CatalogError) {
        guard !database.isInPlace else { return }
        replace(database, reason: nil)
        throw CatalogError(
            .database, "the catalog '\(database.path)' was set aside by another mount, or removed; it is opened again")
    }

    private func failure(_ error: any Error, _ verb: String, _ database: CatalogDatabase) -> CatalogError {
        if let error = error as? CatalogError { return error }
        let reason = error as? DatabaseError
        if let reason, reason.isDamage {
            replace(database, reason: reason)
        } else if !database.isInPlace {
            // The file was removed or replaced, so a new connection of a reader finds no file, or another one.
            replace(database, reason: nil)
        }
        return CatalogError(
            .database, "the catalog '\(database.path)' can't be \(verb): \(reason?.message ?? "\(error)")", cause: error
        )
    }

    /// Sets a damaged database aside, unless another thread has done so, and opens the file that is there then.
    ///
    /// The call that found the damage fails; the next one uses the new database. `reason` is nil for a file that was
    /// removed or replaced. If the file can't be opened, a database without a file takes its place.
    private func replace(_ old: CatalogDatabase, reason: DatabaseError?) {
        // Lock order: the database in use, then requirements.
        current.withLock { current in
            guard current.database.pool === old.pool else { return }
            do {
                if let reason, !old.isStandIn { try old.setAside(reason: reason, logger: logger) }
                let next = try CatalogDatabase(
                    folder: folder, check: check, patience: CatalogDatabase.patienceOfServing, logger: logger)
                use(next, in: &current)
            } catch {
                // Another mount opens it at the moment: the next call tries again.
                if (error as? CatalogError)?.code == .inUse || CatalogDatabase.isShortOfResources {
                    logger.debug("the catalog can't be opened again", error: error)
                } else {
                    useStandIn(for: old, because: error, in: &current)
                }
            }
        }
    }

    /// Has a database without a file take the place of one whose disk fails, unless another thread has done so.
    private func standIn(for old: CatalogDatabase, because failure: CatalogError) {
        current.withLock { current in
            guard current.database.pool === old.pool else { return }
            useStandIn(for: old, because: failure, in: &current)
        }
    }

    private func useStandIn(for old: CatalogDatabase, because failure: any Error, in current: inout Current) {
        do throws(CatalogError) {
            use(try CatalogDatabase(standingInFor: old.path, check: check), in: &current)
            logger.error(
                "the catalog can't be used; until the next mount, the lists are kept without a file", error: failure)
        } catch {
            logger.error("the catalog can't be opened again", error: error)
        }
    }

    private func use(_ next: CatalogDatabase, in current: inout Current) {
        current.database = next
        current.epoch += 1
        requirements.forgetNumbers(epoch: current.epoch)
    }
}
