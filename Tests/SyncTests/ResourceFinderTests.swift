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

@Suite("Finding single recordings", .orderly)
struct ResourceFinderTests {
    private static func withBench(_ body: (SyncBench, TwilioSimulator) throws -> Void) throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        try body(bench, simulator)
    }

    @Test("A recording that isn't listed is asked for once, by however many")
    func coalesced() throws {
        try Self.withBench { bench, simulator in
            let sid = try Sample.sid(1, .composition)
            try simulator.add(sid, status: "completed")
            simulator.behaviour.latencyMilliseconds = 100
            let outcomes = Awaited<ResourceFinder.Outcome>()
            for _ in 0..<20 { bench.finder.find(sid, of: .composition) { outcomes.add($0) } }
            for outcome in try outcomes.values(20) { #expect(try outcome.get()?.sid == sid) }
            #expect(simulator.requests.count == 1)
            #expect(try bench.find(sid, .composition)?.sid == sid)
            #expect(simulator.requests.count == 1)
            #expect(try bench.catalog.listed(.composition) == [sid])
        }
    }

    @Test("A reader doesn't wait for what was asked for in the background, which may be queued for long")
    func urgent() throws {
        try Self.withBench { bench, simulator in
            let sid = try Sample.sid(1, .composition)
            try simulator.add(sid, status: "completed")
            simulator.behaviour.latencyMilliseconds = 1000
            let outcomes = Awaited<ResourceFinder.Outcome>()
            for priority in [.background, .background, .reader, .reader] as [Priority] {
                bench.finder.ask(for: sid, of: .composition, priority: priority) { outcomes.add($0) }
            }
            for outcome in try outcomes.values(4) { #expect(try outcome.get()?.sid == sid) }
            #expect(simulator.requests.count == 2, "one in the background, and one for readers")
        }
    }

    @Test("One that the catalog has is answered at once, without a request")
    func known() throws {
        try Self.withBench { bench, simulator in
            try bench.catalog.store(try Sample.resource(1))
            let outcomes = Awaited<ResourceFinder.Outcome>()
            bench.finder.find(try Sample.sid(1), of: .voiceRecording) { outcomes.add($0) }
            #expect(outcomes.all.count == 1)
            #expect(simulator.requests.isEmpty)
        }
    }

    @Test("One that doesn't exist isn't found, and is found once it does", arguments: TwilioAPI.MediaKind.allCases)
    func notFound(kind: TwilioAPI.MediaKind) throws {
        try Self.withBench { bench, simulator in
            let sid = try Sample.sid(5, kind)
            #expect(try bench.find(sid, kind) == nil)
            try simulator.add(sid, status: "completed")
            #expect(try bench.find(sid, kind)?.sid == sid)
        }
    }

    @Test("One that was being made is asked for again, until it is complete")
    func processing() throws {
        try Self.withBench { bench, simulator in
            let sid = try Sample.sid(5, .composition)
            try simulator.add(sid)
            #expect(try bench.find(sid, .composition) == nil)
            #expect(try bench.catalog.entry(of: sid)?.isCompleted == false)
            try simulator.update("\(sid)", fields: ["status": "completed"])
            #expect(try bench.find(sid, .composition)?.isCompleted == true)
            #expect(simulator.requests.count == 2)
        }
    }

    @Test("One that is gone stays as long as its list is refused: the key may not reach it any more")
    func refusedList() throws {
        try Self.withBench { bench, simulator in
            let sid = try Sample.sid(5, .composition)
            try bench.catalog.store(try Sample.resource(5, .composition))
            func ask() throws -> ResourceFinder.Outcome {
                let outcomes = Awaited<ResourceFinder.Outcome>()
                bench.finder.ask(for: sid, of: .composition, priority: .reader) { outcomes.add($0) }
                return try outcomes.value()
            }
            simulator.keys = [try SimulatedKey(sid: simulator.credentials.accountSID, kinds: [.recording], status: 404)]
            #expect(throws: TwilioError.self) { try ask().get() }
            #expect(try bench.catalog.entry(of: sid) != nil)
            simulator.keys = []
            #expect(try ask().get() == nil)
            #expect(try bench.catalog.entry(of: sid) == nil)
        }
    }

    @Test("A refusal is an error and not the absence of the recording")
    func refused() throws {
        try Self.withBench { bench, simulator in
            simulator.faults = [FaultRule(.status(403))]
            let sid = try Sample.sid(5)
            let error = #expect(throws: TwilioError.self) { try bench.find(sid, .voiceRecording) }
            #expect(error?.code == .unauthorized)
            simulator.faults = []
            let found = try bench.find(sid, .voiceRecording)
            #expect(found == nil)
        }
    }
}
