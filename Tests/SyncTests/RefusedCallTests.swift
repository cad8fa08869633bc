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

@Suite("A list of calls that is refused", .orderly)
struct RefusedCallTests {
    /// An account with a recording of some weeks ago, and the clock of those who ask for its call.
    private struct Bench {
        let simulator: TwilioSimulator
        let log = RecordedLog()
        let sync: SyncBench
        private let clock = Locked(Int64(Date().timeIntervalSince1970))

        /// Makes an account with a recording, and a mount that fetches calls.
        ///
        /// - Parameter isUnreached: Whether the list was refused at mounting.
        init(isUnreached: Bool) throws {
            simulator = try TwilioSimulator.start(SimulatorConfiguration())
            var settings = SyncSettings(fetchesCalls: true)
            settings.now = { [clock] in clock.withLock { $0 } }
            if isUnreached { settings.callRefusal = TwilioError(.unauthorized, "the key was restricted", status: 403) }
            sync = try SyncBench(simulator, settings: settings, logger: log.logger)
            try add(1, secondsAgo: 30 * 86_400)
        }

        func shutDown() {
            sync.shutDown()
            simulator.stop()
        }

        func add(_ number: Int, secondsAgo: Int64) throws {
            try simulator.addCallRecording(number, created: clock.withLock { $0 } - secondsAgo)
        }

        func advance(by seconds: Int64) { clock.withLock { $0 += seconds } }

        /// Has the list refused from now on, or sent.
        func refuse(_ isRefused: Bool) {
            simulator.faults = isRefused ? [.init(.status(403), path: "*/Calls.json")] : []
        }

        /// The requests for calls.
        var count: Int { simulator.callListRequests.count }

        func lines(_ text: String) -> Int { log.lines.count { $0.contains("the list of calls \(text)") } }

        func knows(_ number: Int) throws -> Bool { try sync.catalog.call(try Sample.group(number)) != nil }

        var isRefused: Bool {
            if case .refused? = sync.synchronizer.callState { true } else { false }
        }

        func expectRefusal(_ day: Range<Timestamp>? = nil, _ comment: Comment? = nil) throws {
            let error = #expect(throws: CatalogError.self, comment) { try sync.listCalls(createdIn: day).get() }
            #expect(error?.code == .refusedCalls, comment)
        }
    }

    @Test("Refused at mounting, it is asked for once an hour, and shown as soon as Twilio sends it")
    func unreached() throws {
        let bench = try Bench(isUnreached: true)
        defer { bench.shutDown() }
        bench.refuse(true)
        for _ in 0..<59 {
            try bench.expectRefusal()
            bench.advance(by: 60)
        }
        #expect(bench.count == 0 && bench.lines("") == 0, "\(bench.log.lines)")
        #expect(!bench.sync.synchronizer.hasCalls && bench.isRefused)
        bench.advance(by: 60)
        for _ in 0..<3 { try bench.expectRefusal() }
        #expect(bench.count == 1 && bench.lines("is refused") == 1, "\(bench.log.lines)")

        bench.refuse(false)
        bench.advance(by: 3600)
        try bench.sync.listCalls().get()
        #expect(try bench.knows(1))
        #expect(bench.sync.synchronizer.hasCalls && bench.sync.synchronizer.callState == .complete)
        #expect(bench.lines("can be fetched again") == 1, "\(bench.log.lines)")
    }

    @Test("Other credentials have it asked for at once")
    func rotated() throws {
        let bench = try Bench(isUnreached: true)
        defer { bench.shutDown() }
        try bench.sync.list(.voiceRecording).get()
        try bench.expectRefusal()
        #expect(bench.count == 0)
        bench.sync.synchronizer.credentialsDidChange()
        #expect(try eventually { try bench.sync.synchronizer.hasCalls && bench.knows(1) })
    }

    @Test("A refusal of former credentials that comes after the new ones isn't theirs")
    func rotatedMeanwhile() throws {
        let bench = try Bench(isUnreached: true)
        defer { bench.shutDown() }
        try bench.sync.list(.voiceRecording).get()
        bench.simulator.faults = [.init(.status(403), path: "*/Calls.json", count: 1)]
        bench.simulator.behaviour.latencyMilliseconds = 500
        bench.sync.synchronizer.credentialsDidChange()
        try wait(until: "the list is asked for") { bench.count == 1 }
        bench.sync.synchronizer.credentialsDidChange()
        #expect(try eventually { try bench.sync.synchronizer.hasCalls && bench.knows(1) })
    }

    @Test(
        "Refused later, it is asked for once a refresh and told once an hour, and only an answer of Twilio's ends that")
    func later() throws {
        let bench = try Bench(isUnreached: false)
        defer { bench.shutDown() }
        try bench.sync.listCalls().get()
        #expect(bench.sync.synchronizer.callState == .complete)
        bench.refuse(true)
        try bench.add(2, secondsAgo: 5)
        bench.advance(by: 61)
        try bench.expectRefusal()
        let count = bench.count
        for _ in 0..<20 { try bench.expectRefusal() }
        #expect(bench.count == count)
        #expect(bench.isRefused && bench.sync.synchronizer.hasCalls, "what was shown stays, and can't be opened")

        // The catalog has all calls of that day, which says nothing of what Twilio would answer.
        let known = CalendarDay(containing: Timestamp(seconds: Int64(Date().timeIntervalSince1970) - 30 * 86_400))
        for minute in 1...70 {
            bench.advance(by: 61)
            try bench.expectRefusal(minute % 2 == 0 ? nil : known.interval, "after \(minute) minutes")
        }
        #expect(bench.lines("is refused") == 2 && bench.lines("can be fetched again") == 0, "\(bench.log.lines)")
        #expect(bench.count <= count + 70)

        bench.refuse(false)
        bench.advance(by: 61)
        try bench.sync.listCalls().get()
        #expect(try bench.knows(2))
        #expect(bench.lines("can be fetched again") == 1 && bench.sync.synchronizer.callState == .complete)
    }

    @Test("An outage isn't a refusal, nor its end")
    func outage() throws {
        let bench = try Bench(isUnreached: false)
        defer { bench.shutDown() }
        let failing = FaultRule(.status(400), path: "*/Calls.json")
        bench.simulator.faults = [failing]
        #expect(throws: CatalogError.self) { try bench.sync.listCalls().get() }
        // The waiters are told before the search has ended, and the list of recordings may begin another one.
        #expect(
            eventually {
                if case .failed? = bench.sync.synchronizer.callState { true } else { false }
            }, "\(String(describing: bench.sync.synchronizer.callState))")
        bench.refuse(true)
        bench.advance(by: 61)
        try bench.expectRefusal()
        bench.simulator.faults = [failing]
        bench.advance(by: 61)
        let error = #expect(throws: CatalogError.self) { try bench.sync.listCalls().get() }
        #expect(error?.code == .incompleteList && bench.isRefused)
    }
}
