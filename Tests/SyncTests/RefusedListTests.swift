import Catalog
import CatalogTestSupport
import Foundation
import Logging
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("Lists that begin to be refused", .orderly)
struct RefusedListTests {
    /// A clock that a test puts forward.
    private final class Clock: Sendable {
        private let time = Locked(Int64(Date().timeIntervalSince1970))

        var now: Int64 { time.withLock { $0 } }

        func advance(by seconds: Int64) { time.withLock { $0 += seconds } }
    }

    private static let path = "/v1/Compositions"

    private static func simulator() throws -> TwilioSimulator {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        for number in 0..<3 { try simulator.add(try Sample.sid(number, .composition), status: "completed") }
        return simulator
    }

    /// Lets the account's credential reach voice alone, or everything again.
    private static func refuse(_ simulator: TwilioSimulator, status: Int? = nil, isOver: Bool = false) throws {
        simulator.keys =
            isOver
            ? []
            : [try SimulatedKey(sid: simulator.credentials.accountSID, kinds: [.recording], status: status)]
    }

    private static func bench(
        _ simulator: TwilioSimulator, _ clock: Clock, logger: RecordedLog? = nil
    ) throws -> SyncBench {
        var settings = SyncSettings()
        settings.now = { clock.now }
        return try SyncBench(simulator, settings: settings, logger: logger?.logger ?? .silent)
    }

    private static func count(_ simulator: TwilioSimulator) -> Int {
        simulator.requests.count { $0.path.hasPrefix(path) }
    }

    @Test(
        "Twenty who ask get the same refusal with one request, complete or not; it ends with the interval",
        arguments: [401, 403, 404], [true, false])
    func twenty(status: Int, isComplete: Bool) throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let clock = Clock()
        let bench = try Self.bench(simulator, clock)
        defer { bench.shutDown() }
        if isComplete {
            try bench.list(.composition).get()
            clock.advance(by: 61)
        }
        try Self.refuse(simulator, status: status)
        simulator.clearRequests()
        for _ in 0..<20 {
            let error = #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
            #expect(error?.code == .refusedList)
            #expect(error?.message.contains("status \(status)") == true)
        }
        #expect(Self.count(simulator) == 1)
        #expect(bench.synchronizer.refusal(of: [.voiceRecording, .composition]) != nil)
        #expect(bench.synchronizer.refusal(of: [.voiceRecording, .videoRecording]) == nil)
        guard case .refused(let reason) = bench.synchronizer.status(of: .composition).state else {
            Issue.record("the status is \(bench.synchronizer.status(of: .composition).state)")
            return
        }
        #expect(reason.contains("127.0.0.1"))
        // The others go on.
        try bench.list(.voiceRecording).get()

        try Self.refuse(simulator, isOver: true)
        #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
        #expect(Self.count(simulator) == 1)
        clock.advance(by: 61)
        try bench.list(.composition).get()
        #expect(try bench.catalog.listed(.composition).count == 3)
        #expect(bench.synchronizer.status(of: .composition).state == .complete)
        #expect(bench.synchronizer.refusal(of: [.composition]) == nil)
    }

    @Test("Whoever wants a refused list has new credentials looked for, and waits for them", arguments: [true, false])
    func newCredentials(areThere: Bool) throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let clock = Clock()
        let bench = try Self.bench(simulator, clock)
        defer { bench.shutDown() }
        try Self.refuse(simulator, status: 401)
        #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
        let searches = Locked(0)
        bench.synchronizer.lookForNewCredentials { [weak synchronizer = bench.synchronizer] completion in
            searches.withLock { $0 += 1 }
            if areThere { synchronizer?.credentialsDidChange() }
            completion()
        }
        simulator.clearRequests()
        if areThere { try Self.refuse(simulator, isOver: true) }
        let begin = clock.now - 10 * 86_400
        let day = Timestamp(seconds: begin)..<Timestamp(seconds: begin + 86_400)
        if areThere {
            try bench.list(.composition).get()
            try bench.list(createdIn: day).get()
        } else {
            for _ in 0..<20 { #expect(throws: CatalogError.self) { try bench.list(.composition).get() } }
            #expect(throws: CatalogError.self) { try bench.list(createdIn: day).get() }
            #expect(Self.count(simulator) == 0)
        }
        // For the day, one for each kind of video, of which only one was known to be refused.
        #expect(searches.withLock { $0 } == (areThere ? 1 : 22))
    }

    @Test("A day is refused like the list, and asked for anew once the interval is over")
    func day() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let clock = Clock()
        let bench = try Self.bench(simulator, clock)
        defer { bench.shutDown() }
        let begin = clock.now - 10 * 86_400
        let day = Timestamp(seconds: begin)..<Timestamp(seconds: begin + 86_400)
        // The catalog has the day, but not the list.
        try bench.list(createdIn: day).get()
        try Self.refuse(simulator, status: 403)
        #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
        simulator.clearRequests()
        for _ in 0..<20 {
            let error = #expect(throws: CatalogError.self) { try bench.list(createdIn: day).get() }
            #expect(error?.code == .refusedList)
        }
        #expect(Self.count(simulator) == 0)
        clock.advance(by: 61)
        for _ in 0..<20 { #expect(throws: CatalogError.self) { try bench.list(createdIn: day).get() } }
        #expect(Self.count(simulator) == 1)
        try Self.refuse(simulator, isOver: true)
        clock.advance(by: 61)
        try bench.list(createdIn: day).get()
        #expect(bench.synchronizer.refusal(of: [.composition]) == nil)
    }

    @Test("All kinds together are refused if one of them is")
    func together() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let bench = try Self.bench(simulator, Clock())
        defer { bench.shutDown() }
        try Self.refuse(simulator)
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed(TwilioAPI.MediaKind.allCases) { results.add($0) }
        let error = #expect(throws: CatalogError.self) { try results.value().get() }
        #expect(error?.code == .refusedList)
    }

    @Test("What isn't a refusal of the list doesn't count as one: another status, or a link that has become invalid")
    func others() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        simulator.behaviour.pageSizeLimit = 1
        let bench = try Self.bench(simulator, Clock())
        defer { bench.shutDown() }
        for (status, spared) in [(400, 0), (404, 1)] {
            simulator.faults = [FaultRule(.status(status), path: Self.path, after: spared)]
            let error = #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
            #expect(error?.code == .incompleteList, "\(status)")
        }
        simulator.faults = []
        try bench.list(.composition).get()
    }

    @Test("A refusal has one line in the log while it lasts, and one when it ends")
    func log() throws {
        let simulator = try Self.simulator()
        defer { simulator.stop() }
        let (clock, log) = (Clock(), RecordedLog())
        let bench = try Self.bench(simulator, clock, logger: log)
        defer { bench.shutDown() }
        try bench.list(.composition).get()
        try Self.refuse(simulator)
        for _ in 0..<30 {
            clock.advance(by: 61)
            for _ in 0..<3 { #expect(throws: CatalogError.self) { try bench.list(.composition).get() } }
        }
        func lines(_ text: String) -> Int { log.lines.count { $0.contains(text) } }
        let refusals = log.events.filter { "\($0.message)" == "the list of compositions can't be shown" }
        #expect(refusals.count == 1, "\(log.lines)")
        #expect(refusals.first?.error?.explanation.hasPrefix("127.0.0.1 refused it: ") == true)
        #expect(lines("can be fetched again") == 0)
        try Self.refuse(simulator, isOver: true)
        clock.advance(by: 61)
        try bench.list(.composition).get()
        #expect(lines("the list of compositions can be fetched again") == 1, "\(log.lines)")
    }
}
