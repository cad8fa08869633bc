import Catalog
import CatalogTestSupport
import Foundation
import Support
import Testing
import TestSupport
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("The catalog follows an account that changes all the time", .orderlyAndLong)
struct ReferenceTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let order: Behaviour.ListOrder
        let paging: Behaviour.Paging
        let filter: Behaviour.DateFilter
        let seed: UInt64

        var testDescription: String {
            "\(order.rawValue), \(paging.rawValue), \(filter.rawValue), seed \(seed)"
        }
    }

    static let scenarios = Behaviour.ListOrder.allCases.flatMap { order in
        Behaviour.Paging.allCases.flatMap { paging in
            Behaviour.DateFilter.allCases.enumerated().filter { order == .newestFirst || $0.offset % 2 == 1 }.map {
                Scenario(order: order, paging: paging, filter: $0.element, seed: UInt64($0.offset))
            }
        }
    }

    /// An account of which is known what it has.
    private struct Account {
        let simulator: TwilioSimulator
        let begin = Int64(Date().timeIntervalSince1970)
        var generator: SeededGenerator

        /// What there is, and whether it is completed.
        var resources: [SID: Bool] = [:]
        private var next = 1

        init(_ simulator: TwilioSimulator, seed: UInt64) {
            self.simulator = simulator
            generator = SeededGenerator(seed: seed)
        }

        /// What is completed.
        func completed(_ kind: TwilioAPI.MediaKind) -> Set<SID> {
            Set(resources.filter { $0.key.kind == kind && $0.value }.keys)
        }

        /// Adds a recording of now, or of any time in the past, some of them of the same second.
        mutating func add() throws {
            let kind = TwilioAPI.MediaKind.allCases[next % 3]
            let sid = try Sample.sid(Int.random(in: 0..<1 << 40, using: &generator) * 4096 + next, kind)
            next += 1
            let isPast = Int.random(in: 0..<3, using: &generator) > 0
            let created = begin - (isPast ? Int64.random(in: 0..<200, using: &generator) * 150_000 : 0)
            let isCompleted = Int.random(in: 0..<4, using: &generator) > 0
            let fields: [String: JSONValue] = [
                "sid": .string("\(sid)"), "status": .string(isCompleted ? "completed" : "processing"),
                "date_created": .string("\(Timestamp(seconds: created))"),
            ]
            switch kind {
            case .voiceRecording: try simulator.add(.recording, fields: fields)
            case .videoRecording: try simulator.add(.videoRecording, fields: fields)
            case .composition: try simulator.add(.composition, fields: fields)
            }
            resources[sid] = isCompleted
        }

        /// Lets one come, be completed, or go, with a trace or without.
        mutating func change(mayGo: Bool) throws {
            let sids = resources.keys.sorted()
            guard let sid = sids.randomElement(using: &generator) else { return try add() }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0 where mayGo:
                try simulator.delete("\(sid)")
                resources[sid] = nil
            case 1 where mayGo:
                try simulator.remove("\(sid)")
                resources[sid] = nil
            case 2, 3:
                try simulator.update("\(sid)", fields: ["status": "completed"])
                resources[sid] = true
            default:
                try add()
            }
        }
    }

    @Test("Nothing that stays is ever missing, and in the end both have the same", arguments: scenarios)
    func model(_ scenario: Scenario) throws {
        var configuration = SimulatorConfiguration()
        configuration.behaviour.listOrder = scenario.order
        configuration.behaviour.paging = scenario.paging
        configuration.behaviour.dateFilter = scenario.filter
        configuration.behaviour.pageSizeLimit = 3
        configuration.behaviour.latencyMilliseconds = 3
        let simulator = try TwilioSimulator.start(configuration)
        defer { simulator.stop() }
        var account = Account(simulator, seed: scenario.seed)
        for _ in 0..<120 { try account.add() }

        // An hour takes a second or so.
        let clock = Locked(Int64(Date().timeIntervalSince1970))
        var settings = SyncSettings(refreshInterval: .seconds(60))
        settings.passInterval = 300
        settings.requestLimit = 4
        // So that chains are cut.
        settings.pageSize = 3
        settings.now = { clock.withLock { $0 } }
        let bench = try SyncBench(simulator, settings: settings)
        defer { bench.shutDown() }
        let filled = Awaited<Result<Void, CatalogError>>()
        let kinds = TwilioAPI.MediaKind.allCases
        let before = account.resources.filter { $0.value }.keys
        for kind in kinds { bench.synchronizer.whenListed([kind]) { filled.add($0) } }
        try wait(until: "the lists are here", within: 60) {
            // Pages that are cut by number lose what slips past them, until a pass.
            try account.change(mayGo: scenario.paging == .token)
            return filled.all.count == kinds.count
        }
        for result in filled.all { try result.get() }
        try bench.synchronizer.start()

        for step in 0..<50 {
            for kind in kinds {
                let listed = try bench.catalog.listed(kind, limit: 31)
                #expect(Set(listed).count == listed.count, "step \(step)")
                let missing = account.completed(kind).intersection(before).subtracting(listed)
                #expect(missing.isEmpty, "step \(step)")
            }
            try account.change(mayGo: true)
            if step % 3 == 0 {
                clock.withLock { $0 += 61 }
                for kind in kinds { bench.synchronizer.whenListed([kind]) { _ in } }
            }
            usleep(UInt32(Int.random(in: 0..<6000, using: &account.generator)))
        }

        // Nothing changes any more. One pass may have begun before, the next one meets everything.
        for _ in 0..<2 {
            let mark = clock.withLock {
                $0 += 301; return $0
            }
            for kind in kinds {
                let isPassed = try eventually(within: 30) {
                    clock.withLock { $0 += 61 }
                    try bench.list(kind).get()
                    return try bench.catalog.lists.state(of: kind).passed.map { $0 >= mark } ?? false
                }
                try #require(isPassed)
            }
        }
        simulator.behaviour.pageSizeLimit = nil
        simulator.behaviour.latencyMilliseconds = 0
        let oracle = AccountOracle(simulator: simulator, catalog: bench.catalog)
        for kind in kinds {
            let differences = try oracle.differences(kind)
            #expect(differences == [])
            #expect(try Set(bench.catalog.listed(kind)) == account.completed(kind))
        }
    }
}
