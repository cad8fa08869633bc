import CatalogTestSupport
import Foundation
import ModuleTestSupport
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Catalog
@testable import Sync

@Suite("A check of a large catalog while it is used", .orderly)
struct BackgroundCheckTests {
    @Test("It is looked through while it is used, and fetched again when something is wrong")
    func synchronizer() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        let folder = try CatalogFolder()
        try folder.catalog().store((0..<100).map { try Sample.resource($0, seconds: 1_700_000_000 - Int64($0) * 20) })
        try CatalogEdit(sql: "DELETE FROM entry WHERE kind = 1 AND created < 1699999000").apply(to: folder.file)
        var settings = SyncSettings()
        (settings.checkDelay, settings.checkPause) = (.milliseconds(10), .milliseconds(1))
        let log = RecordedLog()
        let catalog = try Catalog(folder: folder.path, smallCount: 10, logger: log.logger)
        let api = try TestClient(simulator)
        let writer = try WriteQueue()
        let finder = ResourceFinder(catalog: catalog, client: api.client, writer: writer)
        let synchronizer = try Synchronizer(
            catalog: catalog, client: api.client, finder: finder, settings: settings,
            workers: SyncWorkers(writer: writer), delegate: Removals(), logger: log.logger)
        defer {
            api.shutDown()
            synchronizer.shutDown()
            writer.shutDown()
        }
        try synchronizer.start()
        #expect(eventually { catalog.epoch == 1 }, "\(log.lines)")
        let told = log.lines.filter { $0.contains("set aside as '\(folder.damagedFile)'") }
        #expect(told.count == 1, "\(log.lines)")
        #expect(eventually { synchronizer.check.isDone })
    }
}
