import GRDB
public import Logging
public import Support
public import TwilioAPI

/// The account's recordings on disk: every resource as it was received, the facts learnt of its media, and its call.
///
/// It survives restarts. Thread-safe. A query for one recording takes some ten microseconds; no query uses the network.
///
/// This class serves single recordings and the listings of a window; its parts serve the rest.
public final class Catalog: Sendable {
    /// The recordings that are shown; the catalog may hold others, for other mounts.
    public let window: CatalogWindow

    /// The facts learnt of recordings' media.
    public let media: StoredMedia

    /// The requirements for reading recordings, and the recordings hidden because of them.
    public let requirements: Requirements

    /// The stored states of lists.
    package let lists: StoredLists

    /// The calls of voice recordings, as far as the catalog has them.
    package let calls: StoredCalls

    /// The groups of recordings, and the recordings of a group.
    public let groups: Groups

    package let removals: RemovalLog
    let shown: ShownEntries
    let storage: CatalogStorage
    private let single = SingleAnswers()

    /// Opens the catalog of an account, or makes an empty one.
    ///
    /// - Parameters:
    ///   - folder: the folder of the file `catalog.sqlite`; created if it is missing.
    ///   - window: the recordings to show.
    public convenience init(
        folder: String, window: CatalogWindow = CatalogWindow(), logger: Logger
    ) throws(CatalogError) {
        try self.init(folder: folder, window: window, smallCount: CatalogCheck.usualSmallCount, logger: logger)
    }

    /// Opens a catalog; checks every row if there are at most `smallCount` entries.
    init(
        folder: String, window: CatalogWindow = CatalogWindow(), smallCount: Int64, logger: Logger
    ) throws(CatalogError) {
        self.window = window
        storage = try CatalogStorage(
            folder: folder, check: CatalogCheck(coder: try DocumentCoder(), smallCount: smallCount),
            requirements: RequirementMemory(), logger: logger)
        media = StoredMedia(in: storage)
        requirements = Requirements(in: storage, shownIn: window)
        lists = StoredLists(in: storage, single)
        calls = StoredCalls(in: storage)
        removals = RemovalLog(in: storage)
        shown = ShownEntries(storage: storage, window: window, requirements: requirements)
        groups = Groups(in: storage, shown)
    }

    /// The number of the database in use, which grows when a damaged one is replaced.
    ///
    /// Nothing known of one database holds for the next: neither positions nor complete lists. The number grows in the
    /// same step in which the new database becomes readable. So a caller that compares it after reading never takes an
    /// empty database for a complete list.
    public var epoch: Int { storage.epoch }

    /// The number of the database in use, and whether opening checked all of its rows.
    package var opened: (epoch: Int, isChecked: Bool) { storage.opened }

    // MARK: Single recordings

    /// The entry of a recording, completed or not; nil when the catalog doesn't have it, or it isn't shown.
    public func entry(of sid: SID) throws(CatalogError) -> CatalogEntry? {
        try storage.entry(of: sid).flatMap { window.contains($0) && !requirements.isHidden($0) ? $0 : nil }
    }

    /// The resource as Twilio returned it; nil when the catalog doesn't have it.
    ///
    /// Every entry has a document: a missing document is damage, like a changed one.
    public func resource(of sid: SID) throws(CatalogError) -> MediaResource? {
        guard let kind = sid.kind else { return nil }
        let query =
            "SELECT json, document.checksum FROM entry LEFT JOIN document USING (id) WHERE kind = ?1 AND sid = ?2"
        return try storage.row(of: sid, query) { select in
            let json = select.withBytes(0) { packed in
                RowChecksum.document(packed) == select.integer(1) ? storage.coder.decode(packed) : nil
            }
            guard let json, let resource = try? MediaResource(kind: kind, json: json), resource.sid == sid else {
                throw DatabaseError.damage("document")
            }
            return resource
        }
    }

    /// Stores a resource that was requested alone.
    public func store(_ resource: ListedResource) throws(CatalogError) {
        let prepared = prepare([resource])
        single.note(resource.sid, resource.kind)
        try storage.write { try $0.store([prepared]) }
    }

    /// Removes a recording that the account no longer has.
    public func remove(_ sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        single.note(sid, kind)
        try storage.write { try $0.remove(sid, kind) }
    }

    /// A call; nil when the catalog doesn't have it.
    public func call(_ sid: SID) throws(CatalogError) -> CallDescription? {
        guard sid.letters == .call else { return nil }
        return try storage.read { database in
            try database.firstRow(of: "\(CallRow.select) WHERE sid = ?1", [SIDDigits(sid)]) { try CallRow($0).call }
        }
    }

    // MARK: Bulk

    /// Prepares resources for storing, on any thread.
    ///
    /// - Parameter time: when the page was requested; nil if they are no page.
    package func prepare(_ resources: [ListedResource], requested time: PageTime? = nil) -> PreparedResources {
        PreparedResources(resources, requested: time, coder: storage.coder)
    }

    /// Begins bulk writing: until ``endBulk(flushingOn:)``, SQLite doesn't flush its writes to the disk.
    ///
    /// - Parameter copier: the thread that copies SQLite's journal to the file; to be shut down after all writers.
    package func beginBulk(copyingOn copier: WorkerPool) { storage.beginBulk(copyingOn: copier) }

    /// Balances ``beginBulk(copyingOn:)``; after the last call, SQLite flushes its writes again.
    ///
    /// - Parameter worker: the thread that flushes the disk; nil, or one that was shut down, for the calling thread.
    package func endBulk(flushingOn worker: WorkerPool? = nil) { storage.endBulk(flushingOn: worker) }

    // MARK: Checks that would take too long at opening

    /// Compares the summaries of all entries with the entries (``CatalogCheck/checkWhole(_:while:)``).
    ///
    /// It is one read transaction: writers don't wait for it, but SQLite can't restart its journal. If it finds damage,
    /// the file is set aside, as when a query finds damage.
    ///
    /// - Parameter isWanted: polled now and then; the check fails when it returns false.
    package func checkWhole(while isWanted: () -> Bool = { true }) throws(CatalogError) {
        try storage.readTogether { try storage.check.checkWhole($0, while: isWanted) }
    }

    /// Checks some entries after a position, and returns the position of the last one; nil when none was left.
    package func checkRows(after position: Int64, limit: Int) throws(CatalogError) -> Int64? {
        try storage.readTogether { try storage.check.checkRows(of: $0, after: position, limit: limit) }
    }
}
