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

@Suite("Calls that the list of calls lacks", .orderly)
struct LateCallTests {
    private static let day: Int64 = 86_400

    /// An account with a recording of an hour ago, whose call is listed at a time that no recording suggests.
    private static func withBench(
        _ body: (SyncBench, TwilioSimulator, _ clock: Locked<Int64>) throws -> Void
    ) throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        let clock = Locked(Int64(Date().timeIntervalSince1970))
        let created = clock.withLock { $0 } - 3600
        try simulator.addCallRecording(1, created: created)
        try simulator.setCall(
            "\(try Sample.group(1))",
            fields: ["start_time": .string("\(Timestamp(seconds: created - 9 * day))"), "from": "+493012345"])
        var settings = SyncSettings(refreshInterval: .seconds(10), fetchesCalls: true)
        settings.now = { clock.withLock { $0 } }
        let bench = try SyncBench(simulator, settings: settings)
        defer { bench.shutDown() }
        try body(bench, simulator, clock)
    }

    private static func requests(_ simulator: TwilioSimulator) -> Int {
        simulator.requests.filter { $0.path.contains("/Calls/CA") }.count
    }

    private static func isKnown(_ bench: SyncBench) throws -> Bool {
        try bench.catalog.call(try Sample.group(1))?.from.text == "+493012345"
    }

    @Test("A call that the list lacks is asked for alone, once")
    func alone() throws {
        try Self.withBench { bench, simulator, clock in
            try bench.listCalls().get()
            try wait(until: "the call is known") { try Self.isKnown(bench) }
            for _ in 0..<3 {
                clock.withLock { $0 += 1000 }
                try bench.listCalls().get()
            }
            #expect(Self.requests(simulator) == 1)
        }
    }

    @Test("A call that isn't there yet is asked for again, after a pause", arguments: [404, 503])
    func again(status: Int) throws {
        try Self.withBench { bench, simulator, clock in
            simulator.faults = [.init(.status(status), path: "*/Calls/CA*")]
            try bench.listCalls().get()
            try wait(until: "the call was asked for") { Self.requests(simulator) > 0 }
            simulator.faults = []
            // A repetition by the transfer may have found it already, unless it is missing.
            if status == 404 {
                try bench.listCalls().get()
                #expect(try Self.requests(simulator) == 1 && !Self.isKnown(bench))
            }
            try wait(until: "the call is known") {
                clock.withLock { $0 += 400 }
                try bench.listCalls().get()
                return try Self.isKnown(bench)
            }
        }
    }

    // MARK: The schedule

    @Test("A call is asked for at growing intervals, and given up after a few")
    func pauses() throws {
        var schedule = LateCallSchedule()
        let call = try Sample.group(1)
        schedule.note([(call, 1000)], through: 7, now: 1100, delay: 900)
        #expect(schedule.position == 7)
        var (asked, now) = ([Int64](), Int64(1100))
        while now < 1_000_000 {
            for call in schedule.due(now: now, limit: 16) {
                asked.append(now)
                schedule.noteAttempt(call, now: now)
            }
            now += 100
        }
        #expect(asked.count == LateCallSchedule.pauses.count + 1 && asked.first == 1900)
        #expect(zip(asked.dropFirst(), asked).map { $0 - $1 } == LateCallSchedule.pauses)
    }

    @Test("The schedule is bounded, in the order in which calls become due, and forgets what is old or known")
    func bounds() throws {
        var schedule = LateCallSchedule()
        let calls = try (0..<2 * LateCallSchedule.limit).map { try Sample.group($0) }
        schedule.note(
            calls.enumerated().map { ($0.element, Int64($0.offset)) }, through: 1, now: 5000, delay: 10)
        #expect(schedule.due(now: 9999, limit: .max) == Array(calls.prefix(LateCallSchedule.limit)))
        #expect(schedule.due(now: 12, limit: .max) == Array(calls.prefix(3)))
        #expect(schedule.due(now: 12, limit: 2) == Array(calls.prefix(2)))
        schedule.forget(calls[0])
        schedule.forget(before: 3)
        #expect(schedule.due(now: 9999, limit: 1) == [calls[3]])
        schedule.forget(before: .max)
        // A clock that is ahead at Twilio, and a recording without a time.
        schedule.note([(calls[0], .max), (calls[1], nil)], through: 2, now: 100, delay: 10)
        #expect(schedule.due(now: 109, limit: .max).isEmpty)
        #expect(schedule.due(now: 110, limit: .max) == Array(calls.prefix(2)))
    }
}
