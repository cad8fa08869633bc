import Catalog
import CatalogTestSupport
import Foundation
import ModuleTestSupport
import Support
import Testing
import TestSupport
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Sync

@Suite("Resources that change at Twilio", .orderly)
struct ChangedResourceTests {
    @Test("A catalog from before such times were kept is converted, and a pass that fills them is due")
    func converted() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        for number in 0..<5 { try simulator.add(try Sample.sid(number), status: "completed") }
        let folder = try CatalogFolder()
        do {
            let bench = try SyncBench(simulator, folder: folder)
            defer { bench.shutDown() }
            try bench.list(.voiceRecording).get()
            #expect(try bench.catalog.entry(of: try Sample.sid(1))?.dateUpdated != nil)
        }
        try Python.run("catalog_file", "age", folder.file)
        let log = RecordedLog()
        _ = try Catalog(folder: folder.path, logger: log.logger)
        #expect(log.lines == [])
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        let sids = try (0..<5).map { try Sample.sid($0) }
        #expect(try bench.catalog.listed() == sids)
        #expect(try bench.catalog.entry(of: sids[1])?.dateUpdated == nil)
        try bench.synchronizer.start()
        #expect(
            try eventually(within: 20) {
                try sids.allSatisfy { try bench.catalog.entry(of: $0)?.dateUpdated != nil }
            })
    }

    @Test("A change is seen with the next refresh for a quarter of an hour, and within an hour for a day")
    func refreshed() throws {
        var configuration = SimulatorConfiguration()
        // What is on a page with what is asked for is taken as well.
        configuration.behaviour.pageSizeLimit = 1
        let simulator = try TwilioSimulator.start(configuration)
        defer { simulator.stop() }
        let begin = Int64(Date().timeIntervalSince1970)
        let ages: [Int64] = [60, 600, 7200, 20 * 3600, 23 * 3600, 5 * 86_400]
        for (number, age) in ages.enumerated() {
            try simulator.add(
                .recording,
                fields: [
                    "sid": .string("\(try Sample.sid(number))"), "status": "completed", "price": .null,
                    "date_created": .string("\(Timestamp(seconds: begin - age))"),
                ])
        }
        let clock = Locked(begin)
        var settings = SyncSettings()
        settings.now = { clock.withLock { $0 } }
        let bench = try SyncBench(simulator, window: CatalogWindow(kinds: [.voiceRecording]), settings: settings)
        defer { bench.shutDown() }
        try bench.list(.voiceRecording).get()
        for number in ages.indices {
            try simulator.update(
                "\(try Sample.sid(number))",
                fields: ["price": "-0.00500", "date_updated": .string("\(Timestamp(seconds: begin + 5))")])
        }
        func changed() throws -> [Int] {
            try ages.indices.filter { number in
                let sid = try Sample.sid(number)
                let json = String(decoding: try bench.catalog.resource(of: sid)?.json ?? [], as: UTF8.self)
                let isNew = try bench.catalog.entry(of: sid)?.dateUpdated?.seconds == begin + 5
                #expect(json.contains("-0.00500") == isNew)
                return isNew
            }
        }
        #expect(try changed() == [])
        clock.withLock { $0 += 61 }
        try bench.list(.voiceRecording).get()
        let afterAMinute = try changed()
        // The third page is the first one with nothing of the last quarter of an hour.
        #expect(afterAMinute == [0, 1, 2])
        clock.withLock { $0 += 3600 }
        try bench.list(.voiceRecording).get()
        let afterAnHour = try changed()
        #expect(afterAnHour == [0, 1, 2, 3, 4])
        // One that is asked for alone is up to date from then on.
        let outcomes = Awaited<ResourceFinder.Outcome>()
        bench.finder.ask(for: try Sample.sid(5), of: .voiceRecording, priority: .reader) { outcomes.add($0) }
        _ = try outcomes.value().get()
        #expect(try changed() == [0, 1, 2, 3, 4, 5])
    }
}
