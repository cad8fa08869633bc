import Catalog
import CatalogTestSupport
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("Bringing the catalog up to date", .orderly)
struct SynchronizerTests {
    /// An account with so many compositions, a page for each two.
    private static func simulator(_ count: Int) throws -> TwilioSimulator {
        var configuration = SimulatorConfiguration()
        configuration.behaviour.pageSizeLimit = 2
        let simulator = try TwilioSimulator.start(configuration)
        for number in 0..<count { try simulator.add(try Sample.sid(number, .composition), status: "completed") }
        return simulator
    }

    /// Adds a composition to an account.
    private static func add(
        _ number: Int, created: Int64, status: JSONValue = "completed", to simulator: TwilioSimulator
    ) throws {
        try simulator.add(
            .composition,
            fields: [
                "sid": .string("\(try Sample.sid(number, .composition))"), "status": status,
                "date_created": .string("\(Timestamp(seconds: created))"),
            ])
    }

    /// A folder with a catalog that has the compositions, as an earlier mount leaves it.
    private static func filledFolder(_ simulator: TwilioSimulator) throws -> CatalogFolder {
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        return bench.folder
    }

    /// Settings of a mount that is made an hour later.
    private static var hourLater: SyncSettings {
        var settings = SyncSettings()
        settings.now = { Int64(Date().timeIntervalSince1970) + 4000 }
        return settings
    }

    /// Settings of a mount that refreshes every second, and goes over a list as often as told.
    private static func busy(passInterval: Int64) -> SyncSettings {
        var settings = SyncSettings(refreshInterval: .seconds(1))
        settings.passInterval = passInterval
        return settings
    }

    /// A catalog of compositions at a server.
    private static func bench(_ server: LoopbackServer) throws -> SyncBench {
        try SyncBench(
            TestClient(url: server.url), window: CatalogWindow(kinds: [.composition]), settings: busy(passInterval: 1))
    }

    /// A page with some compositions, the only one of its list.
    private static func page(_ resources: ListedResource...) -> LoopbackServer.Answer {
        let texts = resources.map { String(decoding: $0.json, as: UTF8.self) }.joined(separator: ",")
        return LoopbackServer.Answer(
            body: Array(#"{"compositions":[\#(texts)],"meta":{"key":"compositions","next_page_url":null}}"#.utf8))
    }

    private static func sids(_ numbers: some Sequence<Int>) throws -> Set<SID> {
        Set(try numbers.map { try Sample.sid($0, .composition) })
    }

    @Test("The whole list is in the catalog when it is told to be")
    func complete() throws {
        let simulator = try Self.simulator(7)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        #expect(bench.synchronizer.status(of: .composition).state == .waiting)
        for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(0..<7)))
        #expect(bench.synchronizer.status(of: .composition).state == .complete)
        let count = simulator.requests.count
        #expect(count == 4 + 2)
        try bench.list(.composition).get()
        #expect(simulator.requests.count == count)
    }

    @Test("Those who ask while it is brought here share it")
    func shared() throws {
        let simulator = try Self.simulator(2)
        defer { simulator.stop() }
        simulator.behaviour.latencyMilliseconds = 50
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        let results = Awaited<Result<Void, CatalogError>>()
        for _ in 0..<20 { bench.synchronizer.whenListed([.composition]) { results.add($0) } }
        for result in try results.values(20) { try result.get() }
        #expect(simulator.requests.count == 1)
    }

    @Test("A page that fails in the middle makes the list incomplete, and the next who asks goes on")
    func failingPage() throws {
        let simulator = try Self.simulator(7)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        try bench.catalog.store(try Sample.resource(99, .composition))
        simulator.faults = [FaultRule(.status(400), path: "/v1/Compositions", after: 2, count: 1)]
        let error = #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
        #expect(error?.code == .incompleteList)
        #expect(bench.synchronizer.status(of: .composition).state == .failed(error?.message ?? ""))
        // A fill that hasn't seen everything removes nothing.
        #expect(try bench.catalog.entry(of: try Sample.sid(99, .composition)) != nil)
        try bench.list(.composition).get()
        #expect(bench.synchronizer.status(of: .composition).state == .complete)
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(Array(0..<7) + [99])))
    }

    @Test("Shutting down while a list is brought here fails it")
    func shutDown() throws {
        let simulator = try Self.simulator(3)
        defer { simulator.stop() }
        simulator.behaviour.latencyMilliseconds = 5000
        let bench = try SyncBench(simulator)
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed([.composition]) { results.add($0) }
        bench.shutDown()
        let error = #expect(throws: CatalogError.self) { try results.value().get() }
        #expect(error?.code == .incompleteList)
    }

    @Test("A list that was brought here once is there at the next mount, which asks only for what is new")
    func warm() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        for number in 0..<500 {
            try Self.add(number, created: 1_790_000_000 - Int64(number) * 3600, to: simulator)
        }
        let folder = try Self.filledFolder(simulator)
        try simulator.add(try Sample.sid(1000, .composition), status: "completed")
        simulator.clearRequests()
        let bench = try SyncBench(simulator, folder: folder, settings: Self.hourLater)
        defer { bench.shutDown() }
        #expect(bench.synchronizer.status(of: .composition).state == .complete)
        #expect(try bench.catalog.listed(.composition).count == 500)
        try bench.list(.composition).get()
        #expect(try bench.catalog.listed(.composition).count == 501)
        #expect(simulator.requests.count == 1)
    }

    @Test("A recording that is listed a while after newer ones is found by asking for what is new")
    func late() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        let newest = Int64(Date().timeIntervalSince1970) - 7200
        try Self.add(1, created: newest, to: simulator)
        let folder = try Self.filledFolder(simulator)
        try Self.add(2, created: newest - 14 * 60, to: simulator)
        let bench = try SyncBench(simulator, folder: folder, settings: Self.hourLater)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids([1, 2])))
    }

    @Test("Who opens a directory doesn't wait long for what is new")
    func patience() throws {
        let simulator = try Self.simulator(1)
        defer { simulator.stop() }
        let folder = try Self.filledFolder(simulator)
        simulator.clearRequests()
        simulator.behaviour.latencyMilliseconds = 100_000
        var settings = Self.hourLater
        settings.patience = .milliseconds(300)
        let bench = try SyncBench(simulator, folder: folder, settings: settings)
        defer { bench.shutDown() }
        try bench.synchronizer.start()
        let duration = try ContinuousClock().measure { try bench.list(.composition).get() }
        #expect(duration > .milliseconds(250))
        #expect(simulator.requests.allSatisfy { $0.status == nil }, "nothing new has come")
        #expect(try bench.catalog.listed(.composition).count == 1)
    }

    @Test("What is new, what was being made and what has gone come and go while the mount is open")
    func following() throws {
        let simulator = try Self.simulator(3)
        defer { simulator.stop() }
        let unfinished = try Sample.sid(50, .composition)
        try Self.add(50, created: 1_600_000_000, status: "processing", to: simulator)
        let bench = try SyncBench(simulator, settings: Self.busy(passInterval: 2))
        defer { bench.shutDown() }
        let removed = bench.removed.found
        try bench.list(.composition).get()
        try bench.synchronizer.start()
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(0..<3)))
        try simulator.add(try Sample.sid(7, .composition), status: "completed")
        try simulator.remove("\(try Sample.sid(1, .composition))")
        try simulator.update("\(unfinished)", fields: ["status": "completed"])
        let expected = try Self.sids([0, 2, 7, 50])
        #expect(try eventually { Set(try bench.catalog.listed(.composition)) == expected })
        #expect(try removed.value().map(\.sid) == [try Sample.sid(1, .composition)])
    }

    @Test("Times in a catalog that are still to come keep nothing from coming and going")
    func timesToCome() throws {
        let simulator = try Self.simulator(3)
        defer { simulator.stop() }
        let folder = try Self.filledFolder(simulator)
        // The clock was ahead when the list was refreshed, and when another mount began to go over it.
        let later = Int64(Date().timeIntervalSince1970) + 30 * 86_400
        for sql in [
            """
            UPDATE list SET refreshed = \(later), passed = \(later), touched = \(later),
                generation = generation + 1
            """,
            "INSERT INTO coverage (kind, pass, lower, upper) SELECT kind, 1, 1600000000, 1600000001 FROM list",
        ] {
            try CatalogEdit(sql: sql).apply(to: folder.file)
        }
        try simulator.add(try Sample.sid(7, .composition), status: "completed")
        try simulator.remove("\(try Sample.sid(1, .composition))")
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(0..<3)))
        try bench.synchronizer.start()
        let expected = try Self.sids([0, 2, 7])
        #expect(try eventually { Set(try bench.catalog.listed(.composition)) == expected })
    }

    @Test("A recording that the list doesn't show is gone only if it isn't there when asked for alone")
    func confirmation() throws {
        let (kept, gone) = (try Sample.sid(1, .composition), try Sample.sid(2, .composition))
        let shown = try Sample.resource(3, .composition)
        let server = try LoopbackServer { request in
            if request.target.contains("\(kept)") {
                return LoopbackServer.Answer(body: Array(#"{"sid":"\#(kept)","status":"completed"}"#.utf8))
            }
            if request.target.contains("\(gone)") {
                return LoopbackServer.Answer(status: 404, body: Array(#"{"code":20404,"message":"not found"}"#.utf8))
            }
            return Self.page(shown)
        }
        defer { server.stop() }
        let bench = try Self.bench(server)
        defer { bench.shutDown() }
        try bench.catalog.store([try Sample.resource(1, .composition), try Sample.resource(2, .composition)])
        try bench.list(.composition).get()
        #expect(try bench.catalog.listed(.composition) == [kept, gone, shown.sid])
        try bench.synchronizer.start()
        #expect(try eventually { try bench.catalog.listed(.composition) == [kept, shown.sid] })
        // A recording that the list does show isn't asked for alone: of a million each would be.
        #expect(server.requests.allSatisfy { !$0.target.contains("\(shown.sid)") })
    }

    @Test(
        "A 404 that isn't Twilio's removes nothing, whoever asks: a pass, a lookup, or who couldn't read",
        arguments: [
            "<html><body>404 Not Found</body></html>", "", "{}", #"{"message":"not found","status":404}"#,
            #"{"code":404,"message":"no Route matched with those values"}"#, "<Error><Code>NoSuchKey</Code></Error>",
            "<TwilioResponse><RestException><Code>20003</Code></RestException></TwilioResponse>",
        ])
    func forgedNotFound(body: String) throws {
        let asked = Locked<Set<String>>([])
        let server = try LoopbackServer { request in
            if request.target.hasPrefix("/v1/Compositions/") {
                asked.withLock { _ = $0.insert(request.target) }
                return LoopbackServer.Answer(status: 404, body: Array(body.utf8))
            }
            return Self.page()
        }
        defer { server.stop() }
        let bench = try Self.bench(server)
        defer { bench.shutDown() }
        let sids = try (1...3).map { try Sample.sid($0, .composition) }
        try bench.catalog.store(try (1...3).map { try Sample.resource($0, .composition) })
        try bench.list(.composition).get()
        try bench.synchronizer.start()
        #expect(eventually(within: 20) { !asked.withLock { $0 }.isEmpty })
        let outcomes = Awaited<ResourceFinder.Outcome>()
        for sid in sids { bench.finder.ask(for: sid, of: .composition, priority: .reader) { outcomes.add($0) } }
        for outcome in try outcomes.values(3) {
            #expect(throws: TwilioError.self) { try outcome.get() }
        }
        // One that isn't known is an error as well, and not a name that doesn't exist.
        #expect(throws: TwilioError.self) { try bench.find(try Sample.sid(9, .composition), .composition) }
        #expect(try bench.catalog.listed(.composition) == sids)
    }

    @Test("A day is listed by asking for that day alone, while the whole list is still to come")
    func day() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        let noon: Int64 = 1_789_992_000 / 86_400 * 86_400 + 43_200
        for number in 0..<30 {
            try Self.add(number, created: noon - Int64(number / 3) * 86_400, to: simulator)
        }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        let day = noon - 4 * 86_400 - 43_200
        let interval = Timestamp(seconds: day)..<Timestamp(seconds: day + 86_400)
        try bench.list(createdIn: interval).get()
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(12..<15)))
        #expect(simulator.requests.count == 3)
        #expect(!bench.synchronizer.isComplete(.composition))
        // Asked again, it is here.
        try bench.list(createdIn: interval).get()
        #expect(simulator.requests.count == 3)
        try bench.list(.composition).get()
        #expect(try bench.catalog.listed(.composition).count == 30)
    }

    @Test("A mount that shows some kinds and times asks for no others, and another goes on from there")
    func window() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        for number in 0..<10 {
            try Self.add(number, created: 1_700_000_000 + Int64(number) * 86_400, to: simulator)
        }
        let folder = try CatalogFolder()
        let window = CatalogWindow(
            kinds: [.composition],
            interval: CreationInterval(
                from: Timestamp(seconds: 1_700_000_000 + 3 * 86_400),
                until: Timestamp(seconds: 1_700_000_000 + 6 * 86_400)))
        do {
            let bench = try SyncBench(simulator, folder: folder, window: window)
            defer { bench.shutDown() }
            for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
            #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(3..<6)))
            #expect(simulator.requests.map(\.path) == ["/v1/Compositions"])
            #expect(try bench.catalog.totals(of: .composition).count == 3)
            #expect(try bench.catalog.newest(of: .composition)?.seconds == 1_700_000_000 + 5 * 86_400)
            // What others have brought here isn't shown.
            try bench.catalog.store(try Sample.resource(77, .composition, seconds: 1_800_000_000))
            #expect(try bench.catalog.entry(of: try Sample.sid(77, .composition)) == nil)
            #expect(try bench.catalog.listed(.composition).count == 3)
        }
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        #expect(!bench.synchronizer.isComplete(.composition))
        try bench.list(.composition).get()
        #expect(Set(try bench.catalog.listed(.composition)) == (try Self.sids(Array(0..<10) + [77])))
    }
}
