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

@Suite("Lists whose pages have no end", .orderly)
struct EndlessListTests {
    @Test(
        "Such a list fails, is logged once, and is there when it has an end again",
        arguments: [Behaviour.ListEnd.empty, .repeated], TwilioAPI.MediaKind.allCases)
    func fails(end: Behaviour.ListEnd, kind: TwilioAPI.MediaKind) throws {
        var configuration = SimulatorConfiguration()
        configuration.behaviour.listEnd = end
        configuration.behaviour.pageSizeLimit = 3
        let simulator = try TwilioSimulator.start(configuration)
        defer { simulator.stop() }
        for number in 0..<10 { try simulator.add(try Sample.sid(number, kind), status: "completed") }
        let log = RecordedLog()
        let bench = try SyncBench(simulator, logger: log.logger)
        defer { bench.shutDown() }
        for attempt in 1...3 {
            let error = #expect(throws: CatalogError.self) { try bench.list(kind).get() }
            #expect(error?.code == .incompleteList)
            #expect(error?.message.contains("no end") == true)
            #expect(simulator.requests.count <= attempt * (PagePlan.barrenLimit + 10))
            #expect(log.lines.filter { $0.hasPrefix("error") }.count == 1, "\(log.lines)")
        }
        simulator.behaviour.listEnd = .proper
        try bench.list(kind).get()
        #expect(try bench.catalog.listed(kind).count == 10)
        #expect(log.lines.contains { $0.hasPrefix("notice") })
    }

    /// Walks with pages made up by `page`, one chain at a time, until an error.
    private static func run(
        atMost limit: Int, pageLimit: Int = PagePlan.pageLimit, page: (Int) -> PagePlan.Page
    ) throws -> (pages: Int, error: CatalogError?) {
        var plan = PagePlan(
            over: [Int64.min..<Int64.max], limit: 1, granularity: 86_400, pageSize: 2, pageLimit: pageLimit)
        for number in 1...limit {
            guard let request = plan.start(now: 1_790_000_000).first else { return (number, nil) }
            do throws(CatalogError) {
                _ = try plan.take(page(number), of: request.chain)
            } catch {
                return (number, error)
            }
        }
        return (limit, nil)
    }

    @Test("Pages that bring nothing new end a plan, however they are mixed", arguments: [1, 2, 7, 50])
    func barren(period: Int) throws {
        let (pages, error) = try Self.run(atMost: 1000) { number in
            PagePlan.Page(
                count: number % 3, times: 1_700_000_000...1_700_000_001, isOrdered: true, next: "\(number)",
                digest: UInt64(number % period))
        }
        #expect(error?.code == .incompleteList)
        #expect(pages <= 3 * period + PagePlan.barrenLimit + 1)
    }

    @Test("Pages without resources between those that bring some are allowed")
    func gaps() throws {
        let (pages, error) = try Self.run(atMost: 3000) { number in
            let isEmpty = number % PagePlan.barrenLimit != 0
            return PagePlan.Page(
                count: isEmpty ? 0 : 1, times: isEmpty ? nil : 1_700_000_000...1_700_000_000, isOrdered: true,
                next: number == 2999 ? nil : "\(number)", digest: UInt64(number))
        }
        #expect(error == nil)
        #expect(pages == 3000)
    }

    @Test("More pages than there can be end a plan, although each brings something")
    func tooMany() throws {
        let (pages, error) = try Self.run(atMost: 1100, pageLimit: 1000) { number in
            PagePlan.Page(
                count: 1, times: nil, isOrdered: true, hasAllTimes: false, next: "\(number)", digest: UInt64(number))
        }
        #expect(error?.code == .incompleteList)
        #expect(pages == 1001)
    }
}
