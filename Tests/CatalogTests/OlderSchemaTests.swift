import CatalogTestSupport
import Foundation
import GRDB
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("Catalogs of other versions", .orderly)
struct OlderSchemaTests {
    private struct Expected: Decodable {
        let sid: String
        let kind: Int
        let status: String
        let created: Int64
        let format: String
        let group: String
        let json: Data
        let integrity: String
        let size: Int64?
        let tag: String?
        let facts: Data?
    }

    @Test("The steps give each kind of media a list")
    func lists() throws {
        let database = try DatabaseQueue()
        try Schema.migrator(coder: DocumentCoder()).migrate(database)
        let kinds = try database.read { try Int.fetchAll($0, sql: "SELECT kind FROM list ORDER BY kind") }
        #expect(kinds == Array(Schema.listedKinds))
        #expect(kinds == MediaKind.allCases.map(\.rawValue))
    }

    @Test("Everything of an older one is kept", arguments: [1, 2])
    func older(version: Int) throws {
        let folder = try CatalogFolder()
        let expected: [Expected] = try Python.value(
            "older_catalog", folder.file, "\(version)", FirstSchema.tables, FirstSchema.integrityAndNames)
        #expect(expected.count == 2500)
        let catalog = try folder.catalog()
        for old in expected {
            let sid = try #require(SID(old.sid))
            let entry = try #require(try catalog.entry(of: sid))
            #expect(entry.kind.rawValue == old.kind && entry.containerFormat == old.format, "\(sid)")
            #expect(
                entry.isCompleted == (old.status == "completed") && "\(entry.group?.description ?? "")" == old.group)
            #expect(entry.dateCreated?.seconds == old.created && entry.jsonSize == Int64(old.json.count), "\(sid)")
            #expect(try catalog.resource(of: sid).map { Data($0.json) } == old.json, "\(sid)")
            #expect(try catalog.media.integrity(of: sid)?.rawValue == old.integrity, "\(sid)")
            let facts = old.size.map {
                StoredMediaFacts.sample(plaintextSize: $0, entityTag: old.tag, facts: Array(old.facts ?? Data()))
            }
            #expect(try catalog.media.facts(of: sid) == facts, "\(sid)")
            #expect(entry.plaintextSize == old.size, "\(sid)")
        }
        for kind in MediaKind.allCases {
            let ofKind = expected.filter { $0.kind == kind.rawValue && $0.status == "completed" }
            // The order of the directory is the one that it was.
            #expect(try catalog.listed(kind).map(\.description) == ofKind.map(\.sid))
            let totals = try catalog.totals(of: kind)
            #expect(totals.count == Int64(ofKind.count))
            #expect(totals.knownBytes == ofKind.compactMap(\.size).reduce(0, +))
        }
        let counts = Dictionary(grouping: expected.filter { $0.status == "completed" }, by: \.integrity)
            .mapValues { Int64($0.count) }
        #expect(try catalog.integrityCounts().reduce(into: [:]) { $0[$1.key.rawValue] = $1.value } == counts)
        let words = Dictionary(grouping: expected, by: \.status).mapValues { Int64($0.count) }
        let tallied = try catalog.tallies().reduce(into: [String: Int64]()) {
            $0[$1.status.rawValue, default: 0] += $1.count
        }
        #expect(tallied == words)
        // The lists are yet to be gone over: the older versions didn't say how far they are here.
        #expect(try catalog.lists.state(of: .composition).coverage.isEmpty)
        // What comes has a place behind everything that there was.
        let last = try #require(try catalog.entries(of: .voiceRecording, after: 0, limit: 5000).last)
        try catalog.store(try Sample.resource(1))
        #expect(try #require(try catalog.entry(of: try Sample.sid(1))).position > max(last.position, 2500))
        #expect(try folder.integrityCheck() == ["ok"])
    }

    @Test(
        "One with values of other types than its tables have is converted without them",
        arguments: [
            ("resource", "json = 17"), ("resource", "json = 1.5"), ("resource", "kind = 'odd'"),
            ("resource", "kind = 4294967297"), ("resource", "integrity = x'ff'"), ("media", "plaintext_size = 'odd'"),
            ("media", "facts = 1"), ("media", "entity_tag = x'ff'"), ("media", "sid = x'ff'"),
        ])
    func otherTypes(table: String, change: String) throws {
        let folder = try CatalogFolder()
        let expected: [Expected] = try Python.value(
            "older_catalog", folder.file, "2", FirstSchema.tables, FirstSchema.integrityAndNames)
        // SQLite refuses such values, but a damaged file may have them.
        let edit = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
        let ends = table == "media" ? (") STRICT, WITHOUT ROWID", ") WITHOUT ROWID") : (") STRICT", ")")
        for sql in [
            "\(edit) replace(sql, '\(ends.0)', '\(ends.1)') WHERE name = '\(table)'",
            "UPDATE \(table) SET \(change) WHERE sid = (SELECT max(sid) FROM \(table))",
            "\(edit) substr(sql, 1, length(sql) - \(ends.1.count)) || '\(ends.0)' WHERE name = '\(table)'",
        ] { try Command.require(["sqlite3", folder.file, sql]) }
        let count = try folder.catalog().tallies().reduce(0) { $0 + $1.count }
        #expect((expected.count - 1...expected.count).contains(Int(count)))
        #expect(try folder.integrityCheck() == ["ok"])
    }

    @Test("A row that isn't after the one before it is damage: who reads step by step would never come to the end")
    func rowsOutOfOrder() throws {
        var position: Int64 = 3
        try position.advance(to: 4, in: "entry")
        #expect(position == 4)
        for id in [4, 3, .min] as [Int64] {
            let error = #expect(throws: DatabaseError.self) { try position.advance(to: id, in: "entry") }
            #expect(error?.isDamage == true)
        }
        #expect(position == 4)
    }

    @Test("One of a newer version is an error that names it, and stays as it is")
    func newer() throws {
        let folder = try CatalogFolder()
        do {
            let catalog = try folder.catalog()
            try catalog.store(try Sample.resource(1))
        }
        try Python.run("catalog_file", "renew", folder.file)
        let content = try folder.dump()
        let error = #expect(throws: CatalogError.self) { try folder.catalog() }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("'\(folder.file)'") == true && error?.message.contains("newer") == true)
        #expect(try folder.dump() == content)
        #expect(!FileManager.default.fileExists(atPath: folder.damagedFile))
    }
}
