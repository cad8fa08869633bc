import CatalogTestSupport
import Foundation
import Testing
import TestSupport
import TwilioAPI
import TwilioSimulator

@testable import Catalog
@testable import Sync

@Suite("A catalog that another program has edited", .orderly)
struct EditedCatalogTests {
    private static let count = 12
    private static let kinds: [TwilioAPI.MediaKind] = [.voiceRecording, .composition]

    /// An account with some recordings of two kinds.
    private static func simulator() throws -> TwilioSimulator {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        for number in 0..<count {
            let created = Timestamp(seconds: 1_790_000_000 - Int64(number) * 3600)
            try simulator.add(
                .composition,
                fields: [
                    "sid": .string("\(try Sample.sid(number, .composition))"), "status": "completed",
                    "date_created": .string("\(created)"),
                ])
            try simulator.add(
                .recording,
                fields: [
                    "sid": .string("\(try Sample.sid(number))"), "status": "completed",
                    "date_created": .string("\(created)"),
                ])
        }
        return simulator
    }

    /// An account, and a good catalog of it; made once for all edits.
    private static let original = Result { () throws -> (simulator: TwilioSimulator, folder: CatalogFolder) in
        let simulator = try Self.simulator()
        let folder = try fill(from: simulator)
        try folder.checkpoint()
        return (simulator, folder)
    }

    /// An account, and a copy of a good catalog of it.
    private static func copy() throws -> (simulator: TwilioSimulator, folder: CatalogFolder) {
        let (simulator, original) = try original.get()
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: original.file, toPath: folder.file)
        chmod(folder.path, 0o700)
        return (simulator, folder)
    }

    private static func size(of sid: SID) -> Int64 { Int64(sid.description.utf8.last ?? 0) * 1000 + 5 }

    /// A good catalog of it, in one file.
    private static func fill(from simulator: TwilioSimulator) throws -> CatalogFolder {
        let folder = try CatalogFolder()
        let bench = try SyncBench(simulator, folder: folder)
        defer { bench.shutDown() }
        for kind in kinds {
            try bench.list(kind).get()
            let sids = try (0..<count).map { try Sample.sid($0, kind) }
            try bench.catalog.media.learn(
                sids.map { MediaLesson($0, .sample(plaintextSize: size(of: $0), entityTag: "\"a\"", facts: [1, 2])) })
        }
        #expect(try eventually { try folder.bulkMarkers.isEmpty })
        return folder
    }

    /// What of a catalog isn't as it is at the account; nothing once that was met which is wrong.
    private static func problems(_ bench: SyncBench) throws -> [String] {
        var problems: [String] = []
        var entries: [CatalogEntry] = []
        for kind in kinds {
            try bench.list(kind).get()
            let found = try bench.catalog.entries(of: kind, after: 0, limit: 1000)
            let expected = Set(try (0..<count).map { try Sample.sid($0, kind) })
            if Set(found.map(\.sid)) != expected || found.count != count {
                problems.append("\(kind): \(found.map(\.sid))")
            }
            entries += found
            if try bench.catalog.totals(of: kind).count != count { problems.append("the tally of \(kind)") }
            let times = Timestamp(seconds: 1_600_000_000)..<Timestamp(seconds: 1_800_000_000)
            let dated = try bench.catalog.entries(of: kind, createdIn: times, after: nil, limit: 1000)
            if dated.count != count { problems.append("\(kind): \(dated.count) by date") }
        }
        for entry in entries {
            if entry.containerFormat != (entry.kind == .composition ? "mp4" : "wav") {
                problems.append("the name of \(entry.sid)")
            }
            if let size = entry.plaintextSize, size != Self.size(of: entry.sid) {
                problems.append("\(entry.sid): \(size)")
            }
            let json = try bench.catalog.resource(of: entry.sid)?.json.count
            if json.map(Int64.init) != entry.jsonSize { problems.append("the resource of \(entry.sid)") }
            if let facts = try bench.catalog.media.facts(of: entry.sid), facts.plaintextSize != entry.plaintextSize {
                problems.append("the facts of \(entry.sid)")
            }
        }
        return problems
    }

    @Test("An edited catalog is right, or is set aside with a message and fetched again", arguments: CatalogEdit.all)
    func edited(edit: CatalogEdit) throws {
        let (simulator, folder) = try Self.copy()
        try edit.apply(to: folder.file)
        for attempt in ["first", "next"] {
            let log = RecordedLog()
            // Opened alone first: this is where it is looked at.
            _ = try Catalog(folder: folder.path, logger: log.logger)
            let bench = try SyncBench(simulator, folder: folder)
            defer { bench.shutDown() }
            let problems = try Self.problems(bench)
            #expect(problems.isEmpty, "\(problems), at the \(attempt) mount")
            // Something can be written.
            try bench.catalog.store(try Sample.resource(500, .videoRecording))
            try bench.catalog.remove(try Sample.sid(500, .videoRecording))
            let isSetAside = log.lines.contains { $0.contains("set aside as '\(folder.damagedFile)'") }
            #expect(isSetAside == (attempt == "first" && FileManager.default.fileExists(atPath: folder.damagedFile)))
        }
        #expect(try folder.integrityCheck() == ["ok"])
    }

    @Test("A row that is edited while the catalog is open is an error once, and never a wrong size")
    func whileOpen() throws {
        let folder = try Self.copy().folder
        let catalog = try folder.catalog()
        let sid = try Sample.sid(1)
        #expect(try catalog.entry(of: sid)?.plaintextSize == Self.size(of: sid))
        try CatalogEdit(sql: "UPDATE entry SET size = 17").apply(to: folder.file)
        #expect(throws: CatalogError.self) { try catalog.entry(of: sid) }
        #expect(try catalog.entry(of: sid) == nil)
        #expect(FileManager.default.fileExists(atPath: folder.damagedFile))
    }

    @Test("A catalog of an earlier version is converted, without values that are out of bounds")
    func hostileOlderVersion() throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let sids = try (0..<4).map { try Sample.sid($0) }
        let rows = sids.enumerated().map { number, sid in
            """
            INSERT INTO resource (sid, kind, status, created, format, json, generation)
            VALUES ('\(sid)', 1, 'completed', \(Int64.max - Int64(number)), 'wav', CAST('{"sid":"\(sid)"}' AS BLOB), 1);
            INSERT INTO media VALUES ('\(sid)', \([5, Int64.max, -1, 1 << 62][number]), x'01');
            """
        }
        try CatalogEdit(
            sql: """
                \(FirstSchema.tables)
                CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                INSERT INTO grdb_migrations VALUES ('resources, media facts, lists');
                \(rows.joined())
                INSERT INTO list VALUES (1, 3)
                """
        ).apply(to: folder.file)
        let log = RecordedLog()
        let catalog = try Catalog(folder: folder.path, logger: log.logger)
        #expect(log.lines == [])
        #expect(try sids.map { try catalog.entry(of: $0)?.plaintextSize } == [5, nil, nil, nil])
        #expect(try catalog.listed() == sids)
        #expect(try catalog.totals(of: .voiceRecording).knownBytes == 5)
    }
}
