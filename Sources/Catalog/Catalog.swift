import Foundation
import GRDB
public import Logging
public import Support
public import TwilioAPI

/// What the account holds, on disk: every resource as it was received, and what was learnt of its media.
///
/// Survives restarts. Safe to use from any thread. A query takes some ten microseconds; none uses the network.
///
/// This class has single recordings and the listings that a window shows. Its parts have the rest.
public final class Catalog: Sendable {
    /// The account's recordings that are shown; the catalog may hold others, for other mounts.
    public let window: CatalogWindow

    /// What was learnt of recordings' media.
    public let media: StoredMedia

    /// What reading recordings requires, and which of them are hidden for it.
    public let requirements: Requirements

    /// What is stored about lists.
    package let lists: StoredLists

    /// The recordings that were removed.
    package let removals: RemovalLog

    /// The database below all of these.
    let storage: CatalogStorage

    /// Opens the catalog of an account, or makes an empty one.
    ///
    /// - Parameters:
    ///   - folder: where the file `catalog.sqlite` is kept; made if it is missing.
    ///   - window: the recordings that are shown.
    public convenience init(
        folder: String, window: CatalogWindow = CatalogWindow(), logger: Logger
    ) throws(CatalogError) {
        try self.init(
            folder: folder, window: window, smallCount: CatalogCheck.usualSmallCount, logger: logger)
    }

    /// Opens the catalog of an account, or makes an empty one.
    ///
    /// - Parameter smallCount: the most entries of a catalog whose rows are all checked when it is opened.
    init(
        folder: String, window: CatalogWindow = CatalogWindow(), smallCount: Int64, logger: Logger
    ) throws(CatalogError) {
        self.window = window
        storage = try CatalogStorage(
            folder: folder, check: CatalogCheck(coder: try DocumentCoder(), smallCount: smallCount),
            requirements: RequirementMemory(), logger: logger)
        media = StoredMedia(in: storage)
        requirements = Requirements(in: storage, shownIn: window)
        lists = StoredLists(in: storage)
        removals = RemovalLog(in: storage)
    }

    /// The number of the database in use, which grows when a damaged one is replaced.
    ///
    /// Nothing known of one database holds for the next: neither positions nor which lists are complete. The number
    /// grows in the same step in which the new database can first be read. So whoever compares it after reading never
    /// takes an empty database for a complete list.
    public var epoch: Int { storage.epoch }

    /// The number of the database in use, and whether all of its rows were checked when it was opened.
    package var opened: (epoch: Int, isChecked: Bool) { storage.opened }

    // MARK: Single recordings

    /// The entry of one recording, completed or not; nil when the catalog doesn't have it, or it isn't shown.
    public func entry(of sid: SID) throws(CatalogError) -> CatalogEntry? {
        try storage.entry(of: sid).flatMap { window.contains($0) && !requirements.isHidden($0) ? $0 : nil }
    }

    /// The resource as Twilio gave it; nil when the catalog doesn't have it.
    ///
    /// Every entry has a document: a missing one is damage, as a changed one is.
    public func resource(of sid: SID) throws(CatalogError) -> MediaResource? {
        guard let kind = sid.kind else { return nil }
        return try storage.read { database in
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
        try storage.write { try $0.store([prepared]) }
    }

    /// Removes a recording that the account no longer has.
    public func remove(_ sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try storage.write { try $0.remove(sid, kind) }
    }

    // MARK: Bulk

    /// Brings resources into the form in which they are stored; any thread can do that.
    package func prepare(_ resources: [ListedResource]) -> PreparedResources {
        PreparedResources(resources, coder: storage.coder)
    }

    /// Announces that much will be written: until ``endBulk(flushingOn:)``, nothing waits for the disk.
    ///
    /// - Parameter copier: a thread that copies from SQLite's journal to the file; to be shut down after all writers.
    package func beginBulk(copyingOn copier: WorkerPool) {
        storage.beginBulk(copyingOn: copier)
    }

    /// Balances ``beginBulk(copyingOn:)``; the last call makes writing wait for the disk again.
    ///
    /// - Parameter worker: waits until the disk has everything; nil, or one that was shut down, for the calling thread.
    package func endBulk(flushingOn worker: WorkerPool? = nil) {
        storage.endBulk(flushingOn: worker)
    }
}
