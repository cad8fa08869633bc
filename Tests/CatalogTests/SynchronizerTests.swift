import Foundation
import TestSupport
import Testing
import Threading
import TwilioAPI
import TwilioSimulator

@testable import Catalog

@Suite("Bringing the catalog up to date")
struct SynchronizerTests {
    /// An account with so many compositions, a page for each two.
    private static func simulator(_ count: Int) throws -> TwilioSimulator {
        var configuration = SimulatorConfiguration()
        configuration.behaviour.pageSizeLimit = 2
        let simulator = try TwilioSimulator.start(configuration)
        for number in 0..<count {
            try simulator.add(
                .composition,
                fields: ["sid": .string("\(try Sample.sid(number, .composition))"), "status": "completed"])
        }
        return simulator
    }

    @Test("the whole list is in the catalog when it is told to be")
    func complete() throws {
        let simulator = try Self.simulator(7)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        #expect(bench.synchronizer.status(of: .composition) == .waiting)
        bench.synchronizer.start()
        for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        #expect(
            Set(try bench.catalog.listed(.composition)) == Set(try (0..<7).map { try Sample.sid($0, .composition) }))
        #expect(bench.synchronizer.status(of: .composition) == .complete)
        let count = simulator.requests.count
        #expect(count == 4 + 2)
        try bench.list(.composition).get()
        bench.synchronizer.start()
        #expect(simulator.requests.count == count)
    }

    @Test("those who ask during a pass share it")
    func shared() throws {
        let simulator = try Self.simulator(3)
        defer { simulator.stop() }
        simulator.behaviour.latencyMilliseconds = 50
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        let results = Awaited<Result<Void, CatalogError>>()
        for _ in 0..<20 { bench.synchronizer.whenListed(.composition) { results.add($0) } }
        for result in try results.values(20) { try result.get() }
        #expect(simulator.requests.count == 2)
    }

    @Test("a page that fails in the middle makes the list incomplete, and the next who asks begins again")
    func failingPage() throws {
        let simulator = try Self.simulator(7)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator)
        defer { bench.shutDown() }
        try bench.catalog.store(try Sample.resource(99, .composition))
        simulator.faults = [FaultRule(.status(400), path: "/v1/Compositions", after: 2, count: 1)]
        let error = #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
        #expect(error?.code == .incompleteList)
        #expect(bench.synchronizer.status(of: .composition) == .failed(error?.message ?? ""))
        // Nothing was removed by a pass that hasn't seen everything.
        #expect(try bench.catalog.entry(of: try Sample.sid(99, .composition)) != nil)
        try bench.list(.composition).get()
        #expect(bench.synchronizer.status(of: .composition) == .complete)
        #expect(try bench.catalog.listed(.composition).count == 7)
        #expect(try bench.catalog.entry(of: try Sample.sid(99, .composition)) == nil)
    }

    @Test("pages that lead back to one another are an error, however long the way", arguments: 1...4)
    func circle(length: Int) throws {
        let count = Locked(0)
        let server = try LoopbackServer { request in
            let page = request.target.contains("?Page=") ? request.target.last?.wholeNumberValue ?? 0 : 0
            // Who walks on for ever is let out after thirty pages, and taken for somebody who was content.
            let isOver = count.withLock {
                $0 += 1; return $0 > 30
            }
            let link = isOver ? "null" : "\"https://video.twilio.com/v1/Compositions?Page=\(page % length + 1)\""
            return LoopbackServer.Answer(
                body: Array(#"{"compositions":[],"meta":{"key":"compositions","next_page_url":\#(link)}}"#.utf8))
        }
        defer { server.stop() }
        let bench = try SyncBench(url: server.url)
        defer { bench.shutDown() }
        let error = #expect(throws: CatalogError.self) { try bench.list(.composition).get() }
        #expect(error?.code == .incompleteList)
        #expect(error?.message.contains("circle") == true)
    }

    @Test("shutting down during a pass fails it")
    func shutDown() throws {
        let simulator = try Self.simulator(3)
        defer { simulator.stop() }
        simulator.behaviour.latencyMilliseconds = 5000
        let bench = try SyncBench(simulator)
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed(.composition) { results.add($0) }
        bench.shutDown()
        let error = #expect(throws: CatalogError.self) { try results.value().get() }
        #expect(error?.code == .incompleteList)
    }
}
