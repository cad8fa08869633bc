import Catalog
import CatalogTestSupport
import Foundation
import Testing
import TestSupport
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("Lists are whole whatever their filters by date mean", .orderly)
struct DateFilterTests {
    /// The beginning of the newest day.
    private static let newestDay: Int64 = 1_790_000_000 / 86_400 * 86_400
    private static let days: Int64 = 25

    /// An account with recordings of each kind at the beginning, in the middle and at the end of each of some days.
    private static func simulator(_ filter: Behaviour.DateFilter) throws -> TwilioSimulator {
        var configuration = SimulatorConfiguration()
        configuration.behaviour.dateFilter = filter
        configuration.behaviour.pageSizeLimit = 10
        let simulator = try TwilioSimulator.start(configuration)
        var number = 0
        for day in 0..<days {
            for second: Int64 in [0, 1, 21_600, 43_200, 50_000, 64_800, 86_398, 86_399] {
                for kind in TwilioAPI.MediaKind.allCases {
                    try add(number, kind, seconds: newestDay - day * 86_400 + second, to: simulator)
                }
                number += 1
            }
        }
        return simulator
    }

    private static func add(
        _ number: Int, _ kind: TwilioAPI.MediaKind, seconds: Int64, to simulator: TwilioSimulator
    ) throws {
        let fields: [String: JSONValue] = [
            "sid": .string("\(try Sample.sid(number, kind))"), "status": "completed",
            "date_created": .string("\(Timestamp(seconds: seconds))"),
        ]
        switch kind {
        case .voiceRecording: try simulator.add(.recording, fields: fields)
        case .videoRecording: try simulator.add(.videoRecording, fields: fields)
        case .composition: try simulator.add(.composition, fields: fields)
        }
    }

    private static var settings: SyncSettings {
        var settings = SyncSettings()
        settings.pageSize = 10
        settings.requestLimit = 8
        return settings
    }

    private static func differences(_ simulator: TwilioSimulator, _ bench: SyncBench) throws -> [String] {
        simulator.behaviour.pageSizeLimit = nil
        let oracle = AccountOracle(simulator: simulator, catalog: bench.catalog)
        return try TwilioAPI.MediaKind.allCases.flatMap { try oracle.differences($0) }
    }

    @Test("A first sync by many chains is whole", arguments: Behaviour.DateFilter.allCases)
    func firstSync(filter: Behaviour.DateFilter) throws {
        let simulator = try Self.simulator(filter)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator, settings: Self.settings)
        defer { bench.shutDown() }
        for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        let requests = simulator.requests.count
        // Each place where a chain is cut is asked for twice, a day wide: with so few recordings, two or three pages.
        let pages = Int(Self.days) * 8 * 3 / 10
        #expect(requests > pages && requests < 4 * pages, "\(requests) requests for \(pages) pages")
        #expect(try Self.differences(simulator, bench) == [])
    }

    @Test(
        "A day that is asked for alone is whole, at its first and last second", arguments: Behaviour.DateFilter.allCases
    )
    func day(filter: Behaviour.DateFilter) throws {
        let simulator = try Self.simulator(filter)
        defer { simulator.stop() }
        let bench = try SyncBench(simulator, settings: Self.settings)
        defer { bench.shutDown() }
        let day = Self.newestDay - 7 * 86_400
        try bench.list(createdIn: Timestamp(seconds: day)..<Timestamp(seconds: day + 86_400)).get()
        for kind in TwilioAPI.MediaKind.allCases {
            let expected = Set(try (56..<64).map { try Sample.sid($0, kind) })
            #expect(try expected.isSubset(of: bench.catalog.listed(kind)), "\(kind)")
            #expect(!bench.synchronizer.isComplete(kind))
        }
        // What was met then isn't missing from the whole.
        for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        #expect(try Self.differences(simulator, bench) == [])
    }

    @Test("A mount with bounds is whole, and one without them afterwards", arguments: Behaviour.DateFilter.allCases)
    func window(filter: Behaviour.DateFilter) throws {
        let simulator = try Self.simulator(filter)
        defer { simulator.stop() }
        let folder = try CatalogFolder()
        // Whole days, as --since and --until have them, and a part of one.
        for (lower, upper) in [(20, 10), (5, 5)] as [(Int64, Int64)] {
            let interval = CreationInterval(
                from: Timestamp(seconds: Self.newestDay - lower * 86_400),
                until: Timestamp(seconds: Self.newestDay - (upper - 1) * 86_400 - (lower == upper ? 40_000 : 0)))
            let window = CatalogWindow(interval: interval)
            let bench = try SyncBench(simulator, folder: folder, window: window, settings: Self.settings)
            defer { bench.shutDown() }
            for kind in TwilioAPI.MediaKind.allCases {
                try bench.list(kind).get()
                let expected = try (0..<Int(Self.days) * 8).map { try Sample.sid($0, kind) }.filter { sid in
                    let number = Int(sid.low)
                    let second = [0, 1, 21_600, 43_200, 50_000, 64_800, 86_398, 86_399][number % 8] as Int64
                    return interval.contains(
                        Timestamp(seconds: Self.newestDay - Int64(number / 8) * 86_400 + second))
                }
                #expect(try Set(bench.catalog.listed(kind)) == Set(expected), "\(kind), \(lower) to \(upper)")
            }
        }
        let bench = try SyncBench(simulator, folder: folder, settings: Self.settings)
        defer { bench.shutDown() }
        for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        #expect(try Self.differences(simulator, bench) == [])
    }

    @Test("A refresh around midnight misses nothing", arguments: Behaviour.DateFilter.allCases)
    func refresh(filter: Behaviour.DateFilter) throws {
        let simulator = try Self.simulator(filter)
        defer { simulator.stop() }
        let folder = try CatalogFolder()
        do {
            let bench = try SyncBench(simulator, folder: folder, settings: Self.settings)
            defer { bench.shutDown() }
            for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        }
        // The newest is of the day's last second; these are listed late, and on the next day.
        for (number, second) in [85_600, 86_399, 86_400, 86_401, 200_000].enumerated() {
            for kind in TwilioAPI.MediaKind.allCases {
                try Self.add(9000 + number, kind, seconds: Self.newestDay + Int64(second), to: simulator)
            }
        }
        var settings = Self.settings
        settings.now = { Int64(Date().timeIntervalSince1970) + 4000 }
        let bench = try SyncBench(simulator, folder: folder, settings: settings)
        defer { bench.shutDown() }
        for kind in TwilioAPI.MediaKind.allCases { try bench.list(kind).get() }
        #expect(try Self.differences(simulator, bench) == [])
    }
}
