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

        init() throws {
            let clock = Locked(Int64(1_790_000_000))
            self.clock = clock
            simulator = try TwilioSimulator.start(SimulatorConfiguration())
            sid = try Sample.sid(1, .composition)
            try simulator.add(sid, status: "completed")
            var settings = SyncSettings()
            settings.now = { clock.withLock { $0 } }
            sync = try SyncBench(simulator, settings: settings)
            try sync.catalog.store(try Sample.resource(1, .composition))
        }

        func shutDown() {
            sync.shutDown()
            simulator.stop()
        }

        var document: [UInt8]? {
            get throws { try sync.catalog.resource(of: sid)?.json }
        }

        /// Asks, and waits for what comes of it.
        func refresh(_ sid: SID? = nil) throws -> RefreshOutcome {
            let outcomes = Awaited<RefreshOutcome>()
            sync.synchronizer.refresh(sid ?? self.sid) { outcomes.add($0) }
            return try outcomes.value()
        }
    }

    @Test("The catalog gets the resource as it is, and keeps the entry's place")
    func changed() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let before = try bench.document
        let position = try bench.sync.catalog.entry(of: bench.sid)?.position
        #expect(try bench.refresh() == .changed)
        let after = try bench.document
        #expect(after != before)
        #expect(try bench.sync.find(bench.sid, .composition)?.position == position)
        bench.clock.withLock { $0 += 60 }
        #expect(try bench.refresh() == .unchanged)
        #expect(try bench.document == after)
        #expect(bench.simulator.requests.count == 2)
    }

    @Test("A recording is asked for once in a minute, another one all the same")
    func seldom() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let other = try Sample.sid(2, .composition)
        try bench.simulator.add(other, status: "completed")
        #expect(try bench.refresh() == .changed)
        for _ in 0..<10 { #expect(try bench.refresh() == .unchanged) }
        bench.clock.withLock { $0 += 59 }
        #expect(try bench.refresh() == .unchanged)
        #expect(bench.simulator.requests.count == 1)
        #expect(try bench.refresh(other) == .changed)
        #expect(bench.simulator.requests.count == 2)
        bench.clock.withLock { $0 += 1 }
        #expect(try bench.refresh() == .unchanged)
        #expect(bench.simulator.requests.count == 3)
        // A clock that is set back doesn't make it wait for years.
        bench.clock.withLock { $0 -= 1_000_000 }
        #expect(try bench.refresh() == .unchanged)
        #expect(bench.simulator.requests.count == 4)
    }

    @Test("Those who wish it at the same time share one request and its outcome")
    func shared() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        bench.simulator.behaviour.latencyMilliseconds = 200
        let outcomes = Awaited<RefreshOutcome>()
        for _ in 0..<20 { bench.sync.synchronizer.refresh(bench.sid) { outcomes.add($0) } }
        #expect(try outcomes.values(20) == Array(repeating: .changed, count: 20))
        #expect(bench.simulator.requests.count == 1)
    }

    @Test("One that has gone is told, and is gone from the catalog")
    func gone() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let removed = bench.sync.removed.found
        try bench.simulator.remove("\(bench.sid)")
        #expect(try bench.refresh() == .gone)
        #expect(try removed.value().map(\.sid) == [bench.sid])
        #expect(try bench.sync.catalog.entry(of: bench.sid) == nil)
    }

    @Test("An answer that can't be had changes nothing")
    func refused() throws {
        let bench = try Bench()
        defer { bench.shutDown() }
        let before = try bench.document
        bench.simulator.faults = [FaultRule(.status(403))]
        #expect(try bench.refresh() == .unchanged)
        #expect(try bench.document == before)
    }
}
