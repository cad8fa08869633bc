import Catalog
import CatalogTestSupport
import Foundation
import Logging
import ModuleTestSupport
import Support
import Testing
import TestSupport
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Sync

/// Collects removals.
final class Removals: SynchronizerDelegate {
    let found = Awaited<[RemovedEntry]>()

    func recordingsWereRemoved(_ removed: [RemovedEntry], from account: SID) { found.add(removed) }
}

/// A catalog that is filled from a server.
final class SyncBench: Sendable {
    let folder: CatalogFolder
    let catalog: Catalog
    private let api: TestClient
    let synchronizer: Synchronizer
    let finder: ResourceFinder
    private let writer: WriteQueue
    let workers: SyncWorkers
    var client: TwilioClient { api.client }

    /// The removals that the synchronizer has found.
    let removed = Removals()

    init(
        _ api: TestClient, folder: CatalogFolder? = nil, window: CatalogWindow = CatalogWindow(),
        settings: SyncSettings = SyncSettings(), logger: Logger = .silent
    ) throws {
        self.folder = try folder ?? CatalogFolder()
        catalog = try self.folder.catalog(window: window)
        self.api = api
        writer = try WriteQueue()
        workers = try SyncWorkers(writer: writer)
        finder = ResourceFinder(catalog: catalog, client: api.client, writer: writer)
        synchronizer = try Synchronizer(
            catalog: catalog, client: api.client, finder: finder, settings: settings,
            workers: workers, delegate: removed, logger: logger)
    }

    convenience init(
        _ simulator: TwilioSimulator, folder: CatalogFolder? = nil, window: CatalogWindow = CatalogWindow(),
        settings: SyncSettings = SyncSettings(), logger: Logger = .silent
    ) throws {
        try self.init(TestClient(simulator), folder: folder, window: window, settings: settings, logger: logger)
    }

    /// To be called at the end of a test: threads hold the parts until then.
    func shutDown() {
        api.shutDown()
        synchronizer.shutDown()
        writer.shutDown()
    }

    /// Asks for a list and waits for the answer.
    func list(_ kind: TwilioAPI.MediaKind) throws -> Result<Void, CatalogError> {
        let results = Awaited<Result<Void, CatalogError>>()
        synchronizer.whenListed([kind]) { results.add($0) }
        return try results.value()
    }

    /// Waits until the flush after a list was fetched has succeeded or failed; to be called after the list's answer.
    func waitForFlush() {
        // The writing thread answers, and only then submits the end of bulk writing to itself.
        for _ in 0..<2 { writer.finish() }
        let isDone = Condition(false)
        workers.checker.run { isDone.change { $0 = true } }
        isDone.waitWithoutEnd { $0 ? () : nil }
    }

    /// Runs a body while nothing is written to the catalog.
    func whileNothingIsWritten(_ body: () throws -> Void) rethrows {
        let isOver = Condition(false)
        writer.run(.urgent) { isOver.waitWithoutEnd { $0 ? () : nil } }
        defer { isOver.change { $0 = true } }
        try body()
    }

    /// Removes the catalog's file, as a user can, and has the catalog notice it.
    func loseCatalog() throws {
        let epoch = catalog.epoch
        // Not the folder: a thread that notices it first makes a new file there.
        try FileManager.default.removeItem(atPath: folder.file)
        _ = try? catalog.listed()
        #expect(catalog.epoch > epoch)
    }

    /// Asks for what was made within an interval and waits for the answer.
    func list(createdIn interval: Range<Timestamp>) throws -> Result<Void, CatalogError> {
        let results = Awaited<Result<Void, CatalogError>>()
        synchronizer.whenListed(createdIn: interval) { results.add($0) }
        return try results.value()
    }

    /// Asks for the calls of recordings created within an interval, or of all, and waits for the answer.
    func listCalls(createdIn interval: Range<Timestamp>? = nil) throws -> Result<Void, CatalogError> {
        let results = Awaited<Result<Void, CatalogError>>()
        synchronizer.whenCallsListed(createdIn: interval) { results.add($0) }
        return try results.value()
    }

    func find(_ sid: SID, _ kind: TwilioAPI.MediaKind) throws -> CatalogEntry? {
        let outcomes = Awaited<ResourceFinder.Outcome>()
        finder.find(sid, of: kind) { outcomes.add($0) }
        return try outcomes.value().get()
    }
}
