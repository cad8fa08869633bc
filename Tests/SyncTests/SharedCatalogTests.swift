import Catalog
import CatalogTestSupport
import Foundation
import Logging
import ModuleTestSupport
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("Two mounts of one account", .orderly)
struct SharedCatalogTests {
    @Test("Both have everything, whether the catalog is cold or warm")
    func coldAndWarm() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(300, pageSize: 5, latencyMilliseconds: 5)
        defer { simulator.stop() }
        let folder = try CatalogFolder()
        for _ in ["cold", "warm"] {
            let benches = [try SyncBench(simulator, folder: folder), try SyncBench(simulator, folder: folder)]
            defer { for bench in benches { bench.shutDown() } }
            let results = Awaited<Result<Void, CatalogError>>()
            for bench in benches { bench.synchronizer.whenListed([.composition]) { results.add($0) } }
            for result in try results.values(2) { try result.get() }
            for bench in benches {
                let listed = try bench.catalog.listed(.composition)
                #expect(try Set(listed) == Set((0..<300).map { try Sample.sid($0, .composition) }))
                #expect(listed.count == 300)
                #expect(try AccountOracle(simulator: simulator, catalog: bench.catalog).differences(.composition) == [])
            }
        }
        #expect(try folder.integrityCheck() == ["ok"])
    }

    /// A folder whose catalog has the list already.
    private static func listedFolder(_ simulator: TwilioSimulator) throws -> CatalogFolder {
        let folder = try CatalogFolder()
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        return folder
    }

    @Test("What one has asked for just now, the other doesn't ask for again")
    func sparedRefresh() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(20, pageSize: 5, latencyMilliseconds: 5)
        defer { simulator.stop() }
        let folder = try Self.listedFolder(simulator)
        var settings = SyncSettings(refreshInterval: .seconds(60))
        settings.now = { Int64(Date().timeIntervalSince1970) + 4000 }
        let (first, second) = (
            try SyncBench(simulator, folder: folder, settings: settings),
            try SyncBench(simulator, folder: folder, settings: settings)
        )
        defer {
            first.shutDown()
            second.shutDown()
        }
        try simulator.add(try Sample.sid(900, .composition), status: "completed")
        simulator.clearRequests()
        try first.list(.composition).get()
        let count = simulator.requests.count
        #expect(count > 0)
        try second.list(.composition).get()
        #expect(simulator.requests.count == count)
        #expect(try second.catalog.listed(.composition).count == 21)
    }

    @Test(
        "What one that shows a part doesn't request, another finds, although it is mounted within the same minute",
        arguments: [(20, nil), (-5, -4), (-5, 15), (5, 15)] as [(Int64, Int64?)])
    func refreshOfPart(since: Int64, until: Int64?) throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(20)
        defer { simulator.stop() }
        let folder = try CatalogFolder()
        let (start, day) = (Int64(1_790_003_600), Int64(86_400))
        /// The recordings that a mount has listed, which was made at a time.
        func listed(at time: Int64, _ window: CatalogWindow = CatalogWindow()) throws -> Set<SID> {
            var settings = SyncSettings()
            settings.now = { time }
            settings.patience = .seconds(60)
            let bench = try SyncBench(simulator, folder: folder, window: window, settings: settings)
            defer { bench.shutDown() }
            try bench.list(.composition).get()
            return Set(try bench.catalog.listed(.composition))
        }
        #expect(try listed(at: start).count == 20)
        let added = try Sample.sid(900, .composition)
        try simulator.add(
            .composition,
            fields: [
                "sid": .string("\(added)"), "status": "completed",
                "date_created": .string("\(Timestamp(seconds: start + 10 * day))"),
            ])
        let window = CatalogWindow(
            interval: CreationInterval(
                from: Timestamp(seconds: start + since * day),
                until: until.map { Timestamp(seconds: start + $0 * day) }))
        #expect(
            try listed(at: start + 30 * day, window).contains(added) == (since < 10 && until.map { $0 > 10 } ?? true))
        #expect(try listed(at: start + 30 * day + 30).contains(added))
        #expect(try listed(at: start + 40 * day).count == 21)
    }

    @Test("While one goes over the whole list, the other has no failure to log, and doesn't go over it again")
    func sparedPass() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(20, pageSize: 5, latencyMilliseconds: 5)
        defer { simulator.stop() }
        let folder = try Self.listedFolder(simulator)
        // A pass is due three days later, and another mount has begun it.
        let later = Int64(Date().timeIntervalSince1970) + 3 * 86_400
        let other = try folder.catalog()
        let start = try other.lists.beginPass(
            over: .composition, createdIn: Int64.min..<Int64.max, now: later, lease: 600, interval: 86_400,
            epoch: other.epoch)
        #expect(start == .begun(.none))
        var settings = SyncSettings(refreshInterval: .seconds(1))
        settings.now = { later + 1 }
        let log = RecordedLog(.debug)
        let bench = try SyncBench(
            simulator, folder: folder, window: CatalogWindow(kinds: [.composition]), settings: settings,
            logger: log.logger)
        defer { bench.shutDown() }
        simulator.clearRequests()
        try bench.synchronizer.start()
        let line = "debug: another mount is already fetching the whole list of compositions"
        #expect(eventually { log.lines.contains(line) })
        #expect(!log.lines.contains { $0.hasPrefix("error") || $0.hasPrefix("warning") }, "\(log.lines)")
    }

    @Test("A thousand removals of names that were never shown don't hide the next one")
    func removalsWithoutNames() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        let removals = Removals()
        let feed = try RemovalFeed(
            of: try #require(SID("AC" + String(repeating: "1", count: 32))), catalog: catalog, delegate: removals,
            logger: .silent)
        let digits = String(repeating: "7", count: 32)
        let (row, kind) = ("INSERT INTO removal (kind, sid, format)", TwilioAPI.MediaKind.composition)
        try CatalogEdit(
            sql: """
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
                \(row) SELECT \(kind.rawValue), x'\(digits)', 'none' FROM number;
                \(row) VALUES (\(kind.rawValue), x'\(digits)', '\(try #require(kind.formats.first))')
                """
        ).apply(to: folder.file)
        feed.publish()
        #expect(try removals.found.value().map(\.sid) == [try #require(SID("CJ" + digits))])
    }

    @Test("What one finds to be gone, the other is told")
    func removal() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(20, pageSize: 5, latencyMilliseconds: 5)
        defer { simulator.stop() }
        let folder = try CatalogFolder()
        var settings = SyncSettings(refreshInterval: .seconds(3600))
        settings.passInterval = 1
        let first = try SyncBench(simulator, folder: folder, settings: settings)
        defer { first.shutDown() }
        try first.list(.composition).get()
        let second = try SyncBench(simulator, folder: folder, settings: SyncSettings(refreshInterval: .seconds(3600)))
        defer { second.shutDown() }
        let told = second.removed.found
        try second.synchronizer.start()
        let gone = try Sample.sid(7, .composition)
        try simulator.remove("\(gone)")
        try first.synchronizer.start()
        #expect(try told.value().map(\.sid) == [gone])
        #expect(try second.catalog.entry(of: gone) == nil)
        #expect(try second.catalog.listed(.composition).count == 19)
    }
}
