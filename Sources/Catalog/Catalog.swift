import CLinux
import Foundation
import GRDB
public import Logging
public import Support
public import TwilioAPI

/// What the account holds, on disk: every resource as it was received, and what was learnt of its media.
///
/// Survives restarts. Safe to use from any thread. A query takes some ten microseconds and never touches the network.
public final class Catalog: Sendable {
    /// The database in use, and how many were used before it: one that is found damaged is replaced.
    private struct Current {
        var database: CatalogDatabase
        var epoch = 0
    }

    /// Which of the account's recordings are shown.
    public let window: CatalogWindow

    /// Who writes much, and what says so beside the file.
    private struct Bulk {
        var count = 0
        var running: (database: CatalogDatabase, writing: BulkWriting)?

        /// Of writing that ended while the disk didn't take everything: goes when later writing ends better.
        var leftMarker: BulkMarker?
    }

    let coder: DocumentCoder

    /// Looks at the file, when it is opened and later.
    let fileCheck: CatalogCheck
    private let folder: String
    private let logger: Logger
    private let current: Locked<Current>
    private let bulk = Locked(Bulk())

    /// Requirements by their numbers, as far as they were asked for.
    let knownRequirements = Locked<[Int64: MediaRequirement]>([:])

    /// Requirements whose recordings aren't shown.
    let hiddenRequirements = Locked<[MediaKind: Set<Int64>]>([:])

    /// How many recordings came to have another requirement after they were stored.
    let requirementGains = Locked<[RequirementGroup: Int]>([:])

    /// Opens the catalog of an account, or makes an empty one.
    ///
    /// - Parameters:
    ///   - folder: where the file `catalog.sqlite` is kept; made if it is missing.
    ///   - window: which recordings are shown; the catalog may hold others, for other mounts.
    public convenience init(
        folder: String, window: CatalogWindow = CatalogWindow(), logger: Logger
    ) throws(CatalogError) {
        try self.init(
            folder: folder, window: window, smallCount: CatalogCheck.usualSmallCount, logger: logger)
    }

    /// Opens the catalog of an account, or makes an empty one.
    ///
    /// - Parameter smallCount: how many entries there are at the most in a catalog of which every row is checked now.
    init(
        folder: String, window: CatalogWindow = CatalogWindow(), smallCount: Int64, logger: Logger
    ) throws(CatalogError) {
        self.folder = folder
        self.window = window
        self.logger = logger
        coder = try DocumentCoder()
        fileCheck = CatalogCheck(coder: coder, smallCount: smallCount)
        current = Locked(Current(database: try CatalogDatabase(folder: folder, check: fileCheck, logger: logger)))
    }

    /// The number of the database in use, which grows when a damaged one is replaced.
    ///
    /// Nothing known of one database holds for the next: neither positions nor which lists are complete. The number
    /// grows in the same step in which the new database can first be read. So whoever compares it after reading never
    /// takes an empty database for a complete list.
    public var epoch: Int { current.withLock { $0.epoch } }

    /// Which database is in use, and whether all of its rows were checked when it was opened.
    package var opened: (epoch: Int, isChecked: Bool) { current.withLock { ($0.epoch, $0.database.isChecked) } }

    // MARK: Single recordings

    /// The entry of one recording, completed or not; nil when the catalog doesn't have it, or it isn't shown.
    public func entry(of sid: SID) throws(CatalogError) -> CatalogEntry? {
        guard let kind = sid.kind else { return nil }
        let entry = try read { database in
            let select = try RawStatement(database, "\(CatalogEntry.select) WHERE kind = ?1 AND sid = ?2")
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as CatalogEntry? }
            defer { select.finish() }
            return CatalogEntry(try EntryRow(select))
        }
        return entry.flatMap { window.contains($0) && !isHidden($0) ? $0 : nil }
    }

    /// The resource as Twilio gave it; nil when the catalog doesn't have it.
    ///
    /// Each entry has a document: one without is damage, as one that is another.
    public func resource(of sid: SID) throws(CatalogError) -> MediaResource? {
        guard let kind = sid.kind else { return nil }
        let coder = coder
        return try read { database in
            let select = try RawStatement(
                database,
                """
                SELECT json, document.checksum FROM entry LEFT JOIN document USING (id)
                WHERE kind = ?1 AND sid = ?2
                """)
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as MediaResource? }
            defer { select.finish() }
            let json = select.withBytes(0) { packed in
                RowChecksum.document(packed) == select.integer(1) ? coder.decode(packed) : nil
            }
            guard let json, let resource = try? MediaResource(kind: kind, json: json), resource.sid == sid else {
                throw DatabaseError.damage("document")
            }
            return resource
        }
    }

    /// What was learnt of a recording's media; nil until then.
    public func mediaFacts(of sid: SID) throws(CatalogError) -> StoredMediaFacts? {
        guard let kind = sid.kind else { return nil }
        let coder = coder
        return try read { database in
            let select = try RawStatement(
                database,
                """
                SELECT size, entity_tag, facts, media.checksum FROM entry LEFT JOIN media USING (id)
                WHERE kind = ?1 AND sid = ?2 AND size IS NOT NULL
                """)
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as StoredMediaFacts? }
            defer { select.finish() }
            let (size, entityTag) = (select.integer(0), select.text(1))
            let facts = select.withBytes(2) { packed in
                RowChecksum.media(size: size, entityTag: entityTag, packed: packed) == select.integer(3)
                    ? coder.decode(packed) : nil
            }
            guard let facts, let stored = StoredMediaFacts(plaintextSize: size, entityTag: entityTag, facts: facts)
            else { throw DatabaseError.damage("media") }
            return stored
        }
    }

    // MARK: Learning

    /// Stores a resource that was asked for alone.
    public func store(_ resource: ListedResource) throws(CatalogError) {
        let prepared = prepare([resource])
        try write { try $0.store([prepared]) }
    }

    /// Brings resources into the form in which they are stored; any thread can do that.
    package func prepare(_ resources: [ListedResource]) -> PreparedResources {
        PreparedResources(resources, coder: coder)
    }

    /// Stores what was learnt of recordings' media, for good.
    ///
    /// - Returns: the recordings of which another size was known before.
    @discardableResult
    public func learn(_ lessons: [MediaLesson]) throws(CatalogError) -> [SID] {
        guard !lessons.isEmpty else { return [] }
        let packed = lessons.map { coder.encode($0.facts.facts) }
        return try write { writer in
            try zip(lessons, packed).filter { try writer.learn($0, packed: $1) }.map(\.0.sid)
        }
    }

    /// Stores that video's media is encrypted of which nothing else is certain.
    public func noteEncryption(of sids: [SID]) throws(CatalogError) {
        var unnamed: [SID] = []
        // Most resources name the key: those cost no transaction.
        for sid in sids {
            if let known = try entry(of: sid), known.requirement == nil { unnamed.append(sid) }
        }
        guard !unnamed.isEmpty else { return }
        try write { writer in
            for sid in unnamed { try writer.noteEncryption(of: sid) }
        }
    }

    /// Forgets what was learnt of a recording's media, because it turned out to be no longer so.
    public func forgetMediaFacts(of sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try write { try $0.forgetMedia(of: sid, kind) }
    }

    /// Removes a recording that the account doesn't have any more.
    public func remove(_ sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try write { try $0.remove(sid, kind) }
    }

    // MARK: Access

    /// The file, for messages.
    var path: String { current.withLock { $0.database.path } }

    /// Runs a body of queries.
    ///
    /// Each of them sees the latest; several needn't see the same. `readTogether` is for those that must.
    func read<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        let database = current.withLock { $0.database }
        do {
            let value = try database.pool.unsafeRead(body)
            try check(database)
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
            try check(database)
            return value
        } catch {
            throw failure(error, "read", database)
        }
    }

    /// Runs a body of changes, all of which happen or none.
    ///
    /// - Parameter epoch: which database they belong to; nil for whichever is in use.
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
            if !gains.isEmpty { requirementGains.withLock { $0.merge(gains, uniquingKeysWith: +) } }
            bulk.withLock { $0.running }?.writing.wrote()
            try check(database)
            return value
        } catch {
            throw failure(error, "written", database)
        }
    }

    /// Much is going to be written: until the end of that, nothing waits for the disk.
    ///
    /// - Parameter copier: the thread on which it goes from the journal to the file; to be shut down after all that
    ///   writes.
    package func beginBulk(copyingOn copier: WorkerPool) {
        let isFirst = bulk.withLock { bulk in
            bulk.count += 1
            return bulk.count == 1
        }
        guard isFirst else { return }
        let database = current.withLock { $0.database }
        let leftMarker = bulk.withLock { $0.leftMarker }
        guard let writing = BulkWriting(database, leftMarker: leftMarker, copyingOn: copier) else { return }
        bulk.withLock { ($0.running, $0.leftMarker) = ((database, writing), nil) }
    }

    /// Balances ``beginBulk()``: waits until the disk has everything, and lets go of memory.
    package func endBulk() {
        let running = bulk.withLock { bulk -> (database: CatalogDatabase, writing: BulkWriting)? in
            bulk.count -= 1
            guard bulk.count == 0 else { return nil }
            defer { bulk.running = nil }
            return bulk.running
        }
        guard let running else { return }
        if let marker = running.writing.end() { bulk.withLock { $0.leftMarker = marker } }
        running.database.pool.releaseMemory()
        twiliofs_release_freed_memory()
    }

    /// Gives a database up that isn't the account's catalog any more.
    ///
    /// Asked for after each use, since the readers that are opened later open whatever file is there by then.
    private func check(_ database: CatalogDatabase) throws(CatalogError) {
        guard !database.isInPlace else { return }
        replace(database, reason: nil)
        throw CatalogError(
            .database, "the catalog '\(database.path)' was set aside by another mount, or removed; it is opened anew")
    }

    private func failure(_ error: any Error, _ verb: String, _ database: CatalogDatabase) -> CatalogError {
        if let error = error as? CatalogError { return error }
        let reason = error as? DatabaseError
        if let reason, reason.isDamage { replace(database, reason: reason) }
        return CatalogError(
            .database, "the catalog '\(database.path)' can't be \(verb): \(reason?.message ?? "\(error)")", cause: error
        )
    }

    /// Sets a damaged database aside, unless that was done by somebody else, and goes on with the file that is there
    /// then.
    ///
    /// What was asked of it fails; what is asked next is answered from the new one.
    ///
    /// - Parameter reason: the damage; nil when the file isn't there any more.
    private func replace(_ old: CatalogDatabase, reason: DatabaseError?) {
        current.withLock { current in
            // Others have met it as well.
            guard current.database.pool === old.pool else { return }
            do {
                if let reason { try old.setAside(reason: reason, logger: logger) }
                current.database = try CatalogDatabase(
                    folder: folder, check: fileCheck, patience: CatalogDatabase.patienceOfServing, logger: logger)
                current.epoch += 1
                // Numbers of another database mean something else.
                knownRequirements.withLock { $0 = [:] }
                hiddenRequirements.withLock { $0 = [:] }
            } catch {
                logger.error("the damaged catalog can't be replaced", error: error)
            }
        }
    }
}
