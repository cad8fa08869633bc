import Catalog
import CatalogTestSupport
import Foundation
import Glibc
import ModuleTestSupport
import Support
import Testing
import TestSupport
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("A damaged catalog of an account", .orderly)
struct DamagedListTests {
    private static func open(_ folder: CatalogFolder, _ log: RecordedLog = RecordedLog()) throws -> Catalog {
        try Catalog(folder: folder.path, logger: log.logger)
    }

    /// A catalog of an account, with everything in the main file.
    private static func fill(from simulator: TwilioSimulator) throws -> CatalogFolder {
        let folder = try CatalogFolder()
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        #expect(try eventually { try folder.bulkMarkers.isEmpty })
        try folder.checkpoint()
        return folder
    }

    /// Whether all there is of a catalog is right, once what is damaged was met.
    private static func checkBecomesRight(
        _ folder: CatalogFolder, _ simulator: TwilioSimulator, _ count: Int, _ comment: Comment
    ) throws {
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        let expected = Set(try (0..<count).map { try Sample.sid($0, .composition) })
        let all = Timestamp(seconds: 0)..<Timestamp(seconds: 1 << 40)
        var failures: [String] = []
        while failures.count < 3 {
            do {
                try bench.list(.composition).get()
                let listed = try bench.catalog.listed(.composition)
                #expect(Set(listed) == expected && listed.count == count, comment)
                let dated = try bench.catalog.entries(of: .composition, createdIn: all, after: nil, limit: count + 1)
                #expect(Set(dated.map(\.sid)) == expected, comment)
                #expect(try bench.catalog.totals(of: .composition).count == Int64(count), comment)
                for sid in listed { #expect(try bench.catalog.resource(of: sid)?.sid == sid, comment) }
                break
            } catch {
                failures.append("\(error)")
            }
        }
        #expect(failures.count < 3, "\(comment): \(failures)")
    }

    /// Waits until the damage of a catalog that had none before is found, by this thread or by one that works beside
    /// it: only who finds it gets an error.
    private static func waitUntilFound(_ catalog: Catalog) throws {
        try wait(until: "the damage is found") {
            _ = try? catalog.listed(.composition)
            return catalog.epoch > 0
        }
    }

    @Test("Who waits for a list when its catalog is lost gets the list from the next one")
    func lostMeanwhile() throws {
        let shown = try Sample.resource(1, .composition)
        let state = Condition((isListed: false, isLost: false))
        let server = try LoopbackServer { _ in
            state.change { $0.isListed = true }
            state.waitUntil { $0.isLost }
            let page = String(decoding: shown.json, as: UTF8.self)
            return LoopbackServer.Answer(
                body: Array(#"{"compositions":[\#(page)],"meta":{"key":"compositions","next_page_url":null}}"#.utf8))
        }
        defer { server.stop() }
        let bench = try SyncBench(
            TestClient(url: server.url), window: CatalogWindow(kinds: [.composition]), settings: SyncSettings())
        defer { bench.shutDown() }
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed([.composition]) { results.add($0) }
        state.waitUntil { $0.isListed }
        try bench.loseCatalog()
        state.change { $0.isLost = true }
        try results.value().get()
        #expect(try bench.catalog.listed(.composition) == [shown.sid])
    }

    @Test(
        "A catalog that was cut off anywhere becomes right",
        arguments: [0, 1, 99, 100, 5000, 16_384, 40_000, 100_000, -16_384, -1])
    func truncated(length: Int) throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(200)
        defer { simulator.stop() }
        let folder = try Self.fill(from: simulator)
        let content = try Data(contentsOf: URL(filePath: folder.file))
        try #require(content.count > 110_000)
        let copy = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        try content.prefix(length < 0 ? content.count + length : length).write(to: URL(filePath: copy.file))
        try Self.checkBecomesRight(copy, simulator, 200, "cut to \(length)")
    }

    @Test("A catalog with a page of garbage becomes right, whichever page it is")
    func garbagePage() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(200)
        defer { simulator.stop() }
        let folder = try Self.fill(from: simulator)
        let content = try Data(contentsOf: URL(filePath: folder.file))
        for page in 0..<content.count / 16_384 {
            let copy = try CatalogFolder()
            try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
            var damaged = content
            damaged.replaceSubrange(page * 16_384..<(page + 1) * 16_384, with: Data(repeating: 0xAA, count: 16_384))
            try damaged.write(to: URL(filePath: copy.file))
            try Self.checkBecomesRight(copy, simulator, 200, "page \(page)")
        }
    }

    @Test("A catalog whose journal was deleted is as it was before, and becomes right")
    func deletedJournal() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(200)
        defer { simulator.stop() }
        let folder = try Self.fill(from: simulator)
        let first = try Self.open(folder)
        // What follows is in the journal alone, since it is open.
        try first.store((1000..<1400).map { try Sample.resource($0, .videoRecording) })
        let copy = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: folder.file, toPath: copy.file)
        #expect(try Self.open(copy).listed(.videoRecording) == [])
        try Self.checkBecomesRight(copy, simulator, 200, "without a journal")
        #expect(try first.listed(.videoRecording).count == 400)
    }

    @Test("A catalog whose lock another process holds is an error at once")
    func heldLock() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(300)
        defer { simulator.stop() }
        let folder = try Self.fill(from: simulator)
        let catalog = try Self.open(folder)
        let lock = Glibc.open(folder.file + "-lock", O_RDWR | O_CLOEXEC)
        #expect(flock(lock, LOCK_EX) == 0)
        try FileManager.default.removeItem(atPath: folder.file)
        let openings = Awaited<Result<Catalog, any Error>>()
        let opener = try NamedThread(name: "opener") { openings.add(Result { try Self.open(folder) }) }
        for _ in 0..<3 { #expect(throws: CatalogError.self) { try catalog.listed(.composition) } }
        #expect(openings.all.isEmpty, "programs don't wait for it as long as a mount that begins does")
        close(lock)
        opener.join()
        _ = try openings.value().get()
        // Who finds it replaced fails, and the next one is answered.
        #expect(throws: CatalogError.self) { try catalog.listed(.composition) }
        #expect(try catalog.listed(.composition) == [])
    }

    @Test("Damage that is found during use is one error; the catalog is set aside and built anew")
    func atRunTime() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(300)
        defer { simulator.stop() }
        let folder = try Self.fill(from: simulator)
        let log = RecordedLog()
        let catalog = try Self.open(folder, log)
        #expect(try catalog.listed(.composition).count == 300)
        try folder.garble()
        let error = #expect(throws: CatalogError.self) { try catalog.listed(.composition) }
        #expect(error?.code == .database)
        #expect(catalog.epoch == 1)
        #expect(try catalog.listed(.composition) == [])
        #expect(FileManager.default.fileExists(atPath: folder.damagedFile))
        #expect(log.lines.filter { $0.contains("set aside") }.count == 1, "\(log.lines)")
        try Self.checkBecomesRight(folder, simulator, 300, "in the same folder")
    }

    @Test("When one mount sets a catalog aside, another gives it up as well and leaves the new one alone")
    func otherMount() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(300)
        defer { simulator.stop() }
        let folder = try Self.fill(from: simulator)
        let (log, otherLog) = (RecordedLog(), RecordedLog())
        let (catalog, other) = (try Self.open(folder, log), try Self.open(folder, otherLog))
        try folder.garble()
        #expect(throws: CatalogError.self) { try catalog.listed(.composition) }
        try catalog.store(try Sample.resource(77))
        // The one that hasn't met the damage must not take what is in the new file for what it knows of the old one.
        let before = other.epoch
        #expect(throws: CatalogError.self) { try other.listed() }
        #expect(other.epoch == before + 1)
        #expect(try other.listed() == [try Sample.sid(77)])
        try other.store(try Sample.resource(78))
        #expect(try catalog.listed() == [77, 78].map { try Sample.sid($0) })
        #expect(catalog.epoch == 1)
        #expect(log.lines.filter { $0.contains("set aside") }.count == 1, "\(log.lines)")
        #expect(otherLog.lines.filter { $0.contains("set aside") } == [])
        #expect(try folder.integrityCheck() == ["ok"])
    }

    @Test("A catalog that is set aside during a refresh isn't shown until it is whole again")
    func whileRefreshing() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(300)
        defer { simulator.stop() }
        let clock = Locked(Int64(Date().timeIntervalSince1970))
        var settings = SyncSettings(refreshInterval: .seconds(60))
        settings.now = { clock.withLock { $0 } }
        let bench = try SyncBench(simulator, settings: settings)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        clock.withLock { $0 += 61 }
        simulator.behaviour.latencyMilliseconds = 500
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed([.composition]) { results.add($0) }
        // At once: the refresh may begin the catalog anew at any moment.
        try FileManager.default.moveItem(atPath: bench.folder.path, toPath: bench.folder.path + "-away")
        try Self.waitUntilFound(bench.catalog)
        #expect(bench.catalog.epoch == 1)
        // It may have come to its end just before.
        let isWaiting = results.all.isEmpty
        simulator.behaviour.latencyMilliseconds = 0
        // Waiting may end with an error, once; whenever it ends without one, the list is whole.
        let answer = try results.value()
        let isWhole = if case .success = answer { isWaiting } else { false }
        if !isWhole { try bench.list(.composition).get() }
        #expect(try bench.catalog.listed(.composition).count == 300)
    }

    @Test(
        "A catalog that is set aside while a list is fetched doesn't make that list complete",
        arguments: [Behaviour.ListOrder.newestFirst, .unordered])
    func whileFilling(order: Behaviour.ListOrder) throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(600, pageSize: 2)
        defer { simulator.stop() }
        simulator.behaviour.listOrder = order
        simulator.behaviour.latencyMilliseconds = order == .newestFirst ? 200 : 12
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed([.composition]) { results.add($0) }
        // A part of it was written.
        #expect(eventually { (try? bench.catalog.listed(.composition))?.isEmpty == false })
        try bench.folder.garble()
        try Self.waitUntilFound(bench.catalog)
        simulator.behaviour.latencyMilliseconds = 0
        // It may have come to its end just before, or have failed.
        _ = try results.value()
        var attempt = try bench.list(.composition)
        for _ in 0..<3 {
            if case .success = attempt { break }
            attempt = try bench.list(.composition)
        }
        try attempt.get()
        #expect(try bench.catalog.listed(.composition).count == 600)
        #expect(try bench.catalog.lists.state(of: .composition).coverage == .everything)
    }

    @Test("The list of a damaged catalog isn't complete for anybody who has read the empty one that replaces it")
    func replacedList() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(300)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        #expect(bench.synchronizer.isComplete(.composition))
        try bench.folder.garble()
        try Self.waitUntilFound(bench.catalog)
        #expect(try bench.catalog.listed(.composition) == [])
        #expect(!bench.synchronizer.isComplete(.composition))
        #expect(bench.synchronizer.status(of: .composition).state == .waiting)
        try bench.list(.composition).get()
        #expect(try bench.catalog.listed(.composition).count == 300)
    }

    @Test("A damaged catalog doesn't hide the removals that the one that replaces it counts from the beginning")
    func replacedRemovals() throws {
        let simulator = try TwilioSimulator.withHourlyCompositions(0)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        let removed = bench.removed.found
        func remove(_ numbers: Range<Int>) throws {
            try bench.catalog.store(numbers.map { try Sample.resource($0, .composition) })
            for number in numbers {
                let answers = Awaited<Bool>()
                bench.synchronizer.recheck(try Sample.sid(number, .composition)) { answers.add($0) }
                #expect(try answers.value())
            }
        }
        try remove(0..<3)
        #expect(removed.all.joined().count == 3)
        try FileManager.default.moveItem(atPath: bench.folder.path, toPath: bench.folder.path + "-away")
        try Self.waitUntilFound(bench.catalog)
        try remove(3..<4)
        #expect(removed.all.last?.map(\.sid) == [try Sample.sid(3, .composition)])
    }
}
