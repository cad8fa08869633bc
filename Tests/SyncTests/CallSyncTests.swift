import Catalog
import CatalogTestSupport
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("The calls of recordings", .orderly)
struct CallSyncTests {
    private static let day: Int64 = 86_400
    /// Noon of a day some weeks ago.
    private static let noon = (Int64(Date().timeIntervalSince1970) / day - 30) * day + day / 2

    private static func settings(refresh: Int64 = 60, now: (@Sendable () -> Int64)? = nil) -> SyncSettings {
        var settings = SyncSettings(refreshInterval: .seconds(refresh), fetchesCalls: true)
        if let now { settings.now = now }
        return settings
    }

    private static func simulator(
        configure: (inout SimulatorConfiguration) throws -> Void = { _ in }
    ) throws -> TwilioSimulator {
        var configuration = SimulatorConfiguration()
        try configure(&configuration)
        return try TwilioSimulator.start(configuration)
    }

    private static func day(of time: Int64) -> Range<Timestamp> {
        CalendarDay(containing: Timestamp(seconds: time)).interval
    }

    /// What the account tells of a call, by another way than the list.
    private static func expect(_ bench: SyncBench, knows number: Int, of simulator: TwilioSimulator) throws {
        let call = try #require(try bench.catalog.call(try Sample.group(number)), "\(number)")
        let (from, to, direction) = simulator.parties(ofCall: "\(call.sid)")
        #expect(call.from.text == from && call.to.text == to && call.direction == direction, "\(number)")
    }

    @Test(
        "Each recording's call is known once its list and that of the calls are, in pages of any size",
        arguments: [1, 3, 1000])
    func pages(size: Int) throws {
        let simulator = try Self.simulator { $0.behaviour.pageSizeLimit = size }
        defer { simulator.stop() }
        for number in 0..<20 { try simulator.addCallRecording(number, created: Self.noon - Int64(number) * 9000) }
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        for number in 0..<20 { try Self.expect(bench, knows: number, of: simulator) }
        #expect(bench.synchronizer.areCallsComplete)
        #expect(simulator.callListRequests.allSatisfy { $0.query.contains("StartTime%3E=") })
    }

    @Test(
        "Every order and every meaning of a date filter gives the same", arguments: Behaviour.ListOrder.allCases,
        Behaviour.DateFilter.allCases)
    func orders(order: Behaviour.ListOrder, filter: Behaviour.DateFilter) throws {
        let simulator = try Self.simulator {
            $0.behaviour.listOrder = order
            $0.behaviour.dateFilter = filter
            $0.behaviour.pageSizeLimit = 4
        }
        defer { simulator.stop() }
        // Around midnight, and days apart.
        for (number, hours) in [0, 11, 12, 13, 30, 100, 101, 400].enumerated() {
            try simulator.addCallRecording(number, created: Self.noon - Int64(hours) * 3600)
        }
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        for number in 0..<8 { try Self.expect(bench, knows: number, of: simulator) }
    }

    @Test("Only days with recordings are asked for, and the day before each")
    func onlyDays() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        try simulator.addCallRecording(2, created: Self.noon - 20 * Self.day)
        // A call of another day, one that began the evening before, and one on a day without recordings.
        for (number, time) in [
            (10, Self.noon - 10 * Self.day), (11, Self.noon - 40_000), (12, Self.noon - 2 * Self.day),
        ] {
            try simulator.setCall(
                "\(try Sample.group(number))", fields: ["start_time": .string("\(Timestamp(seconds: time))")])
        }
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        let requests = simulator.callListRequests
        #expect(requests.count == 2, "\(requests.map(\.query))")
        for number in [1, 2] { try Self.expect(bench, knows: number, of: simulator) }
        // Recordings of these are known: there are none.
        for number in [10, 11, 12] { #expect(try bench.catalog.call(try Sample.group(number)) == nil, "\(number)") }
        // All is here, and stays: no request, also not by the next mount.
        try bench.listCalls().get()
        let again = try SyncBench(simulator, folder: bench.folder, settings: Self.settings())
        defer { again.shutDown() }
        try again.listCalls().get()
        #expect(simulator.callListRequests.count == requests.count)
    }

    @Test("A day is listed by asking for that day alone, also while the list of recordings is incomplete")
    func oneDay() throws {
        let simulator = try Self.simulator {
            $0.generatedRecordings = 20_000
            $0.publicKeys = [.init(pem: try KeyPair.shared.publicPEM)]
            $0.behaviour.pageSizeLimit = 1000
        }
        defer { simulator.stop() }
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        let time = Int64(Date().timeIntervalSince1970) - 3 * Self.day
        try bench.listCalls(createdIn: Self.day(of: time)).get()
        #expect(!bench.synchronizer.isComplete(.voiceRecording) && !bench.synchronizer.areCallsComplete)
        #expect(simulator.callListRequests.count < 10)
        let entries = try bench.catalog.entries(
            of: .voiceRecording, createdIn: Self.day(of: time), after: nil, limit: 5000)
        #expect(entries.count == 1440)
        for entry in entries { #expect(try bench.catalog.call(try #require(entry.group)) != nil) }
        try bench.listCalls().get()
        #expect(bench.synchronizer.areCallsComplete)
        let all = try bench.catalog.entries(of: .voiceRecording, after: 0, limit: 50_000)
        #expect(all.count == 20_000)
        for entry in all where try bench.catalog.call(try #require(entry.group)) == nil {
            Issue.record("\(entry.sid) has no call")
            break
        }
    }

    @Test("A new recording's call comes with the refresh, and nothing is asked for without one")
    func refresh() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let clock = Locked(Int64(Date().timeIntervalSince1970))
        try simulator.addCallRecording(1, created: clock.withLock { $0 } - 600)
        let bench = try SyncBench(simulator, settings: Self.settings(refresh: 10) { clock.withLock { $0 } })
        defer { bench.shutDown() }
        try bench.listCalls().get()
        try Self.expect(bench, knows: 1, of: simulator)
        for _ in 0..<3 {
            clock.withLock { $0 += 20 }
            let count = simulator.callListRequests.count
            try bench.listCalls().get()
            #expect(simulator.callListRequests.count == count)
        }
        try simulator.addCallRecording(2, created: clock.withLock { $0 } - 5)
        clock.withLock { $0 += 20 }
        let count = simulator.callListRequests.count
        try bench.listCalls().get()
        try Self.expect(bench, knows: 2, of: simulator)
        let new = simulator.callListRequests.dropFirst(count)
        #expect(new.count == 1 && new.first?.query.hasSuffix("PageSize=100") == true, "\(new)")
    }

    @Test("A call that was listed only after a mount has ended is found by the next one, days later")
    func remount() throws {
        let simulator = try Self.simulator { $0.behaviour.pageSizeLimit = 1 }
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon - 600)
        let clock = Locked(Self.noon)
        let settings = Self.settings { clock.withLock { $0 } }
        let folder: CatalogFolder
        do {
            let bench = try SyncBench(simulator, settings: settings)
            defer { bench.shutDown() }
            try bench.listCalls().get()
            folder = bench.folder
        }
        for (number, seconds) in [(2, 500), (3, 300), (4, 100), (5, 10)] as [(Int, Int64)] {
            try simulator.addCallRecording(number, created: Self.noon - seconds)
        }
        clock.withLock { $0 += 9 * Self.day }
        let bench = try SyncBench(simulator, folder: folder, settings: settings)
        defer { bench.shutDown() }
        try bench.listCalls().get()
        for number in 1...5 { try Self.expect(bench, knows: number, of: simulator) }
    }

    @Test("What was found just now isn't looked for again before the next refresh, or a recording that comes")
    func settled() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let clock = Locked(Self.noon + 20 * Self.day)
        try simulator.addCallRecording(1, created: Self.noon)
        let bench = try SyncBench(simulator, settings: Self.settings(refresh: 60) { clock.withLock { $0 } })
        defer { bench.shutDown() }
        try bench.listCalls().get()
        /// Has the catalog lack something that no search but a thorough one can miss.
        func isMissed(_ interval: Range<Timestamp>? = nil) throws -> Bool {
            try CatalogEdit(sql: "DELETE FROM coverage WHERE pass = 2").apply(to: bench.folder.file)
            let count = simulator.callListRequests.count
            try bench.listCalls(createdIn: interval).get()
            return simulator.callListRequests.count == count
        }
        #expect(try isMissed())
        #expect(try isMissed(Self.day(of: Self.noon)))
        try simulator.addCallRecording(2, created: Self.noon + 5)
        #expect(try bench.find(try Sample.sid(2), .voiceRecording) != nil)
        #expect(try !isMissed())
        try Self.expect(bench, knows: 2, of: simulator)
        #expect(try isMissed())
        clock.withLock { $0 += 60 }
        #expect(try !isMissed())
    }

    @Test("Calls come with the list of recordings, without anybody asking for them")
    func background() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.list(.voiceRecording).get()
        #expect(try eventually { try bench.catalog.call(try Sample.group(1)) != nil })
    }

    @Test("Without calls, and in a mount of video, nothing is asked for", arguments: [false, true])
    func without(isVideo: Bool) throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        let bench = try SyncBench(
            simulator, window: isVideo ? CatalogWindow(kinds: [.composition]) : CatalogWindow(),
            settings: isVideo ? Self.settings() : SyncSettings())
        defer { bench.shutDown() }
        #expect(!bench.synchronizer.hasCalls)
        try bench.listCalls().get()
        try bench.list(isVideo ? .composition : .voiceRecording).get()
        #expect(simulator.callListRequests.isEmpty)
    }

    @Test(
        "A refused list is one line in the log and a failure that says so, and recordings go on",
        arguments: [401, 403, 404])
    func refused(status: Int) throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        simulator.faults = [.init(.status(status), path: "*/Calls.json")]
        let log = RecordedLog()
        let bench = try SyncBench(simulator, settings: Self.settings(), logger: log.logger)
        defer { bench.shutDown() }
        for _ in 0..<5 {
            let error = #expect(throws: CatalogError.self) { try bench.listCalls().get() }
            #expect(error?.code == .refusedCalls)
        }
        try bench.list(.voiceRecording).get()
        #expect(try bench.catalog.listed() == [try Sample.sid(1)])
        #expect(log.lines.filter { $0.contains("calls") }.count == 1, "\(log.lines)")
        // Once, not with each question.
        #expect(simulator.callListRequests.count == 1)
        #expect(!bench.synchronizer.areCallsComplete)
    }

    @Test("A failed list is asked for again after a while, and its recovery is logged")
    func recovery() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        simulator.faults = [.init(.status(400), path: "*/Calls.json", count: 1)]
        let (log, clock) = (RecordedLog(), Locked(Int64(Date().timeIntervalSince1970)))
        let bench = try SyncBench(
            simulator, settings: Self.settings(refresh: 10) { clock.withLock { $0 } }, logger: log.logger)
        defer { bench.shutDown() }
        let error = #expect(throws: CatalogError.self) { try bench.listCalls().get() }
        #expect(error?.code == .incompleteList)
        clock.withLock { $0 += 20 }
        try bench.listCalls().get()
        try Self.expect(bench, knows: 1, of: simulator)
        #expect(log.lines.contains { $0.hasPrefix("notice") && $0.contains("calls") }, "\(log.lines)")
    }

    @Test("A fetch that ended in the middle goes on where it was")
    func resumed() throws {
        let simulator = try Self.simulator { $0.behaviour.pageSizeLimit = 2 }
        defer { simulator.stop() }
        for number in 0..<100 { try simulator.addCallRecording(number, created: Self.noon - Int64(number) * 20_000) }
        simulator.faults = [.init(.status(400), path: "*/Calls.json", after: 30)]
        let folder: CatalogFolder
        do {
            let bench = try SyncBench(simulator, settings: Self.settings())
            defer { bench.shutDown() }
            #expect(throws: CatalogError.self) { try bench.listCalls().get() }
            folder = bench.folder
            #expect(try !bench.catalog.calls.coverage().isEmpty)
        }
        simulator.faults = []
        simulator.clearRequests()
        let bench = try SyncBench(simulator, folder: folder, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        for number in 0..<100 { try Self.expect(bench, knows: number, of: simulator) }
        // The pages of before are not fetched again.
        #expect(simulator.callListRequests.count < 45)
    }

    @Test(
        "A list without end fails, after a bounded number of requests", arguments: [Behaviour.ListEnd.empty, .repeated])
    func endless(end: Behaviour.ListEnd) throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.list(.voiceRecording).get()
        #expect(try eventually { try bench.catalog.call(try Sample.group(1)) != nil })
        simulator.behaviour.listEnd = end
        try simulator.addCallRecording(2, created: Self.noon - 9 * Self.day)
        let interval = Self.day(of: Self.noon - 9 * Self.day)
        _ = try bench.find(try Sample.sid(2), .voiceRecording)
        _ = try bench.listCalls(createdIn: interval)
        #expect(simulator.callListRequests.count < 2 * PagePlan.barrenLimit + 10)
    }

    @Test("Hostile calls are stored clean, and harm nothing")
    func hostile() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        let text = JSONValue.string("\u{1B}]0;x\u{7}\r\n../../" + String(repeating: "é", count: 5000))
        try simulator.setCall(
            "\(try Sample.group(1))", fields: ["from": text, "to": 7, "direction": text, "duration": nil])
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        let call = try #require(try bench.catalog.call(try Sample.group(1)))
        #expect(call.from.text.unicodeScalars.count == 300 && call.direction == nil && call.to.text == "")
        #expect(try bench.catalog.groups.numbers(after: 0, limit: 10) == [.anonymous])
    }

    @Test("A catalog that is lost gets its calls again")
    func lost() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        try bench.loseCatalog()
        #expect(!bench.synchronizer.areCallsComplete)
        try bench.listCalls().get()
        try Self.expect(bench, knows: 1, of: simulator)
    }

    @Test("A catalog that is lost while calls are fetched fails those who wait, and nobody later")
    func lostMeanwhile() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        try simulator.addCallRecording(1, created: Self.noon)
        let bench = try SyncBench(simulator, settings: Self.settings())
        defer { bench.shutDown() }
        try bench.listCalls().get()
        try simulator.addCallRecording(2, created: Self.noon - 9 * Self.day)
        _ = try bench.find(try Sample.sid(2), .voiceRecording)
        let count = simulator.callListRequests.count
        let results = Awaited<Result<Void, CatalogError>>()
        try bench.whileNothingIsWritten {
            bench.synchronizer.whenCallsListed(createdIn: Self.day(of: Self.noon - 9 * Self.day)) { results.add($0) }
            #expect(eventually { simulator.callListRequests.count > count })
            try bench.loseCatalog()
        }
        #expect(throws: CatalogError.self) { try results.value().get() }
        try bench.listCalls().get()
        for number in [1, 2] { try Self.expect(bench, knows: number, of: simulator) }
    }
}
