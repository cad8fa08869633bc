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

@Suite("Asking again for a recording whose resource can't be used", .orderly)
struct ResourceRefreshTests {
    /// An account with a composition, and a catalog that has another resource of it; its clock stands still.
    private struct Bench {
        let simulator: TwilioSimulator
        let sync: SyncBench
        let clock: Locked<Int64>
        let sid: SID
        private let log = RecordedLog()

        init() throws {
            let clock = Locked(Int64(1_790_000_000))
            self.clock = clock
            simulator = try TwilioSimulator.start(SimulatorConfiguration())
            sid = try Sample.sid(1, .composition)
            try simulator.add(sid, status: "completed")
            var settings = SyncSettings()
            settings.now = { clock.withLock { $0 } }
            sync = try SyncBench(simulator, settings: settings, logger: log.logger)
            try sync.catalog.store(try Sample.resource(1, .composition))
        }

        func shutDown() {
            sync.shutDown()
            simulator.stop()
        }

        var document: [UInt8]? {
            get throws { try sync.catalog.resource(of: sid)?.json }
        }

        /// The number of changed resources, by the log.
        var changes: Int { log.lines.filter { $0.contains("the resource has changed") }.count }

        /// Asks, and waits for the end.
        func refresh(_ sid: SID? = nil) throws {
            let ends = Awaited<Void>()
            sync.synchronizer.refresh(sid ?? self.sid) { ends.add(()) }
            try ends.value()
        }
    }

    @Test("The catalog gets the resource as it is, and keeps the entry's place")
    func changed() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let before = try bench.document
        let position = try bench.sync.catalog.entry(of: bench.sid)?.position
        try bench.refresh()
        #expect(bench.changes == 1)
        let after = try bench.document
        #expect(after != before)
        #expect(try bench.sync.find(bench.sid, .composition)?.position == position)
        bench.clock.withLock { $0 += 60 }
        try bench.refresh()
        #expect(bench.changes == 1)
        #expect(try bench.document == after)
        #expect(bench.simulator.requests.count == 2)
    }

    @Test("A recording is asked for once in a minute, another one all the same")
    func seldom() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let other = try Sample.sid(2, .composition)
        try bench.simulator.add(other, status: "completed")
        for _ in 0..<10 { try bench.refresh() }
        bench.clock.withLock { $0 += 59 }
        try bench.refresh()
        #expect(bench.simulator.requests.count == 1)
        #expect(bench.changes == 1)
        try bench.refresh(other)
        #expect(bench.simulator.requests.count == 2)
        #expect(bench.changes == 2)
        bench.clock.withLock { $0 += 1 }
        try bench.refresh()
        #expect(bench.simulator.requests.count == 3)
        // A clock that is set back doesn't make it wait for years.
        bench.clock.withLock { $0 -= 1_000_000 }
        try bench.refresh()
        #expect(bench.simulator.requests.count == 4)
        #expect(bench.changes == 2)
    }

    @Test("Those who wish it at the same time cause one request")
    func shared() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        bench.simulator.behaviour.latencyMilliseconds = 200
        let ends = Awaited<Void>()
        for _ in 0..<20 { bench.sync.synchronizer.refresh(bench.sid) { ends.add(()) } }
        _ = try ends.values(20)
        #expect(bench.simulator.requests.count == 1)
        #expect(bench.changes == 1)
    }

    @Test("One that has gone is told, and is gone from the catalog")
    func gone() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let removed = bench.sync.removed.found
        try bench.simulator.remove("\(bench.sid)")
        try bench.refresh()
        #expect(bench.changes == 0)
        #expect(try removed.value().map(\.sid) == [bench.sid])
        #expect(try bench.sync.catalog.entry(of: bench.sid) == nil)
    }

    @Test("An answer that can't be had changes nothing")
    func refused() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let before = try bench.document
        bench.simulator.faults = [FaultRule(.status(403))]
        try bench.refresh()
        #expect(bench.changes == 0)
        #expect(try bench.document == before)
    }
}
