import CatalogTestSupport
import Foundation
import GRDB
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("Calls in the catalog", .orderly)
struct CallTests {
    private static let time: Int64 = 1_700_000_000

    /// What a table has by SQL alone.
    private static func count(_ table: String, in folder: CatalogFolder) throws -> Int {
        try DatabaseQueue(path: folder.file).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? -1
        }
    }

    @Test("A call is kept as it was told, also by the next mount, and a changed one replaces it")
    func kept() throws {
        let folder = try CatalogFolder()
        var calls: [CallDescription] = []
        for (number, (from, to)) in Sample.parties.flatMap({ from in Sample.parties.map { (from, $0) } }).enumerated() {
            calls.append(try Sample.call(number, from: from, to: to, seconds: Self.time + Int64(number)))
        }
        try folder.catalog().store(calls)
        let catalog = try folder.catalog()
        for call in calls { #expect(try catalog.call(call.sid) == call) }
        #expect(try catalog.call(try Sample.group(9999)) == nil)
        #expect(try catalog.call(try Sample.sid(1)) == nil)
        let changed = try Sample.call(3, from: "+4912", to: "", seconds: Self.time + 5)
        try catalog.store([changed, try Sample.call(3, from: "+4912", to: "", seconds: Self.time + 5)])
        #expect(try catalog.call(changed.sid) == changed)
        try catalog.checkWhole()
        #expect(catalog.epoch == 0)
    }

    @Test("A hostile text is bounded before it is stored, and reads as it was stored")
    func hostile() throws {
        let folder = try CatalogFolder()
        let texts = [
            "\u{1B}]0;x\u{7}\n../../" + String(repeating: "y", count: 10_000), "+49\u{0}3012345", "+493012345\n",
            "\u{0}", " ", "e\u{301}", "\u{E9}", "\u{202E}+4930", "\u{FE0F}", "\u{1F468}\u{200D}\u{1F469}",
            String(repeating: "\u{301}", count: 301), String(repeating: "9", count: 1 << 20), "'; DROP TABLE call; --",
        ]
        let calls = try texts.enumerated().map {
            try Sample.call($0.offset, from: $0.element, to: $0.element, seconds: Self.time)
        }
        try folder.catalog().store(calls)
        let catalog = try folder.catalog()
        for call in calls {
            let found = try #require(try catalog.call(call.sid))
            #expect(found == call && found.from.text.unicodeScalars.count <= 300)
            #expect(NumberGroup(found.from) == .anonymous)
        }
        try catalog.checkWhole()
        #expect(catalog.epoch == 0)
    }

    @Test("A call without recordings is kept while its recordings aren't all known, and not beyond")
    func idle() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        let day: Int64 = 86_400
        // The recordings of three days are known; one belongs to call 1.
        try catalog.store(
            [try Sample.resource(1, seconds: Self.time + 100, group: 1)],
            covering: [Self.time - day..<Self.time + 2 * day])
        try catalog.groups.makeIndex()
        let calls = [
            try Sample.call(1, seconds: Self.time), try Sample.call(2, seconds: Self.time),
            // Its recordings may be beyond the days that are known.
            try Sample.call(3, seconds: Self.time + day), try Sample.call(4, seconds: Self.time + 10 * day),
        ]
        try catalog.store(calls, keepingAllSince: Self.time + 100 * day)
        #expect(try calls.map { try catalog.call($0.sid) != nil } == [true, false, true, true])
        // Recent ones are kept whatever is known.
        try catalog.store(calls, keepingAllSince: Self.time)
        #expect(try calls.map { try catalog.call($0.sid) != nil } == [true, true, true, true])
        try Self.removeIdle(until: Self.time + 50 * day, from: catalog)
        #expect(try calls.map { try catalog.call($0.sid) != nil } == [true, false, true, true])
        try catalog.checkWhole()
        #expect(try Self.count("call", in: folder) == 3)
    }

    /// Removes calls without recordings in steps of so many calls.
    private static func removeIdle(until time: Int64, from catalog: Catalog, limit: Int = 1000) throws {
        var place: SID?
        repeat {
            place = try catalog.calls.removeIdle(.min..<time, after: place, limit: limit)
        } while place != nil
    }

    @Test("Removal in steps of any size removes the same calls", arguments: [1, 2, 7, 100])
    func steps(limit: Int) throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        try catalog.store(
            try (0..<20).map { try Sample.resource($0, seconds: Self.time, group: $0) }, covering: [0..<Int64.max])
        try catalog.groups.makeIndex()
        let calls = try (0..<50).map { try Sample.call($0 * 3 % 50, seconds: Self.time) }
        try catalog.store(calls)
        try Self.removeIdle(until: Self.time, from: catalog, limit: limit)
        #expect(try Self.count("call", in: folder) == 50)
        try Self.removeIdle(until: Self.time * 2, from: catalog, limit: limit)
        for call in calls {
            let number = try #require(Int(call.sid.description.suffix(8), radix: 16))
            #expect(try (catalog.call(call.sid) != nil) == (number < 20), "\(number)")
        }
        try catalog.checkWhole()
        #expect(catalog.epoch == 0)
    }

    @Test("A call of a recording that isn't finished yet is kept until it is, or is gone")
    func unfinished() throws {
        let catalog = try CatalogFolder().catalog()
        let statuses = ["in-progress", "processing", "completed", "failed", "deleted", "absent"]
        try catalog.store(
            try statuses.enumerated().map {
                try Sample.resource($0.offset, status: $0.element, seconds: Self.time, group: $0.offset)
            }, covering: [0..<Int64.max])
        try catalog.groups.makeIndex()
        let calls = try statuses.indices.map { try Sample.call($0, seconds: Self.time) }
        func kept() throws -> [Bool] { try calls.map { try catalog.call($0.sid) != nil } }
        try catalog.store(calls, keepingAllSince: .max)
        #expect(try kept() == [true, true, true, false, false, false])
        try catalog.store(calls)
        #expect(try kept() == [Bool](repeating: true, count: calls.count))
        try Self.removeIdle(until: .max, from: catalog)
        #expect(try kept() == [true, true, true, false, false, false])
    }

    @Test("While the first fetch of a list lasts, all calls are kept: their recordings can't be found quickly")
    func unindexed() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(
            [try Sample.resource(1, seconds: Self.time, group: 1)], covering: [Self.time - 9..<Self.time + 900_000])
        let calls = [try Sample.call(1, seconds: Self.time), try Sample.call(2, seconds: Self.time)]
        try catalog.store(calls, keepingAllSince: .max)
        #expect(try calls.map { try catalog.call($0.sid) != nil } == [true, true])
        try catalog.groups.makeIndex()
        try Self.removeIdle(until: .max, from: catalog)
        #expect(try calls.map { try catalog.call($0.sid) != nil } == [true, false])
    }

    @Test("The calls that are missing are found since a time and a position, each once")
    func unknown() throws {
        let catalog = try CatalogFolder().catalog()
        let undated = Array(
            """
            {"sid":"\(try Sample.sid(9))","status":"completed","call_sid":"\(try Sample.group(9))","date_created":null}
            """.utf8)
        try catalog.store([
            try Sample.resource(1, seconds: Self.time, group: 1),
            try Sample.resource(2, seconds: Self.time + 5, group: 2),
            try Sample.resource(3, seconds: Self.time + 9, group: 2),
            try Sample.resource(4, seconds: Self.time, group: 4),
            try Sample.resource(5, seconds: Self.time - 1, group: 5),
            try Sample.resource(6, seconds: Self.time, group: nil),
            try ListedResource(kind: .voiceRecording, json: undated),
        ])
        try catalog.store([try Sample.resource(7, .videoRecording, seconds: Self.time, group: 7)])
        try catalog.store([try Sample.call(4, seconds: Self.time)])
        func found(after position: Int64 = 0, limit: Int = 100) throws -> [SID] {
            try catalog.calls.unknown(createdSince: Self.time, after: position, limit: limit).map(\.call)
        }
        #expect(try found() == [1, 2, 9].map { try Sample.group($0) })
        #expect(try found(limit: 2) == [1, 2].map { try Sample.group($0) })
        #expect(try found(after: try #require(try catalog.entry(of: try Sample.sid(3))?.position)) == [Sample.group(9)])
        #expect(try found(after: try catalog.lastPosition()).isEmpty)
        let times = try catalog.calls.unknown(createdSince: Self.time, after: 0, limit: 9).map(\.created)
        #expect(times == [Self.time, Self.time + 9, nil])
    }

    @Test("Days with recordings, and recordings whose call isn't known, are found")
    func missing() throws {
        let catalog = try CatalogFolder().catalog()
        let day: Int64 = 86_400
        let first = Self.time / day * day
        try catalog.store([
            try Sample.resource(1, seconds: first, group: 1), try Sample.resource(2, seconds: first + 5, group: 2),
            try Sample.resource(3, seconds: first + 3 * day - 1, group: 3),
            try Sample.resource(4, seconds: first + 9 * day, group: nil),
        ])
        let all = Bounds.times.lowerBound..<Bounds.times.upperBound
        #expect(try catalog.calls.daysWithRecordings(in: all) == [first, first + 2 * day, first + 9 * day])
        #expect(try catalog.calls.daysWithRecordings(in: first + 1..<first + 4 * day) == [first, first + 2 * day])
        #expect(try catalog.calls.lastUnknown(createdIn: all) == 3)
        try catalog.store([try Sample.call(3, seconds: first)])
        #expect(try catalog.calls.lastUnknown(createdIn: all) == 2)
        try catalog.store([try Sample.call(1, seconds: first), try Sample.call(2, seconds: first)])
        #expect(try catalog.calls.lastUnknown(createdIn: all) == nil)
    }

    @Test("Coverage of calls is theirs alone")
    func coverage() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.calls.store([], covering: [5..<10], keepingAllSince: 0, epoch: catalog.epoch)
        #expect(try catalog.calls.coverage() == Coverage([5..<10]))
        #expect(try catalog.lists.state(of: .voiceRecording).coverage.isEmpty)
        try catalog.calls.forgetOrder(epoch: catalog.epoch)
        #expect(try catalog.calls.coverage() == .none)
    }

    // MARK: By conference

    @Test("Conferences follow the recordings: they come, change and go with them")
    func conferences() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        try catalog.store(
            try (0..<10).map {
                try Sample.conferenceRecording($0, seconds: Self.time, call: $0, conference: $0 < 6 ? $0 / 2 : nil)
            })
        func listed() throws -> [SID] { try catalog.groups.conferences(after: 0, limit: 100).map(\.group) }
        func recordings(_ number: Int) throws -> [SID] {
            try catalog.groups.entries(
                of: try Sample.conference(number), kinds: [.voiceRecording], after: 0, limit: 100
            ).map(\.sid)
        }
        #expect(try listed() == (0..<3).map { try Sample.conference($0) })
        #expect(try recordings(1) == [try Sample.sid(2), try Sample.sid(3)])
        try catalog.store([
            try Sample.conferenceRecording(2, seconds: Self.time, call: 2, conference: 7),
            try Sample.conferenceRecording(3, seconds: Self.time, call: 3, conference: nil),
            try Sample.conferenceRecording(0, status: "deleted", seconds: Self.time, call: 0, conference: 0),
        ])
        #expect(try recordings(1) == [] && recordings(7) == [try Sample.sid(2)])
        #expect(try recordings(0) == [try Sample.sid(1)])
        try catalog.remove(try Sample.sid(1))
        #expect(try listed() == [2, 7].map { try Sample.conference($0) })
        #expect(try catalog.groups.oldest(of: try Sample.conference(0), kinds: [.voiceRecording]) == nil)
        let sid = try Sample.conference(2)
        #expect(try catalog.groups.conferences(digits: sid.high...sid.high).contains(sid))
        let entry = try #require(try catalog.entry(of: try Sample.sid(5)))
        #expect(try catalog.groups.conference(of: entry) == sid)
        try catalog.checkWhole()
        #expect(catalog.epoch == 0)
    }

    // MARK: Other versions

    @Test("A catalog of the version before is converted: everything stays, and conferences are known")
    func upgrade() throws {
        let folder = try CatalogFolder()
        do {
            let catalog = try folder.catalog()
            try catalog.store(
                try (0..<2500).map {
                    try Sample.conferenceRecording(
                        $0, seconds: Self.time + Int64($0), call: $0, conference: $0 % 7 == 0 ? $0 / 7 : nil)
                }, covering: [0..<Int64.max])
            try catalog.store(try (0..<10).map { try Sample.resource($0, .composition, seconds: Self.time) })
            try catalog.media.learn(.sample(plaintextSize: 77, facts: [1]), of: try Sample.sid(3))
        }
        try folder.checkpoint()
        try CatalogEdit(
            sql: """
                DROP TABLE call; DROP TABLE conference; DROP TABLE row_count;
                DROP TABLE unordered; DROP INDEX IF EXISTS entry_of_group;
                DELETE FROM grdb_migrations
                WHERE identifier IN ('calls', 'times of passes', 'lists without order', '\(Schema.orderOfGroups)')
                """
        ).apply(to: folder.file)
        let log = RecordedLog()
        let catalog = try Catalog(folder: folder.path, logger: log.logger)
        #expect(log.lines == [])
        #expect(try catalog.listed().count == 2500 && catalog.listed(.composition).count == 10)
        #expect(try catalog.entry(of: try Sample.sid(3))?.plaintextSize == 77)
        #expect(try catalog.groups.conferences(after: 0, limit: 1000).count == 358)
        #expect(try catalog.lists.state(of: .voiceRecording).coverage == Coverage([0..<Int64.max]))
        #expect(try catalog.calls.coverage().isEmpty)
        try catalog.store([try Sample.call(3, seconds: Self.time)])
        #expect(try catalog.call(try Sample.group(3)) != nil)
        try catalog.checkWhole()
        #expect(catalog.epoch == 0)
        #expect(try folder.integrityCheck() == ["ok"])
    }

    @Test("A call that another program has changed while the catalog is open is an error once, and never shown")
    func changed() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        let call = try Sample.call(1, seconds: Self.time)
        try catalog.store([call])
        try CatalogEdit(sql: "UPDATE call SET from_number = 4999").apply(to: folder.file)
        #expect(throws: CatalogError.self) { try catalog.call(call.sid) }
        #expect(try catalog.call(call.sid) == nil)
        #expect(FileManager.default.fileExists(atPath: folder.damagedFile))
    }
}
