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
    /// Makes a catalog as version 1 or 2 has left it, and prints what is in it as JSON.
    private static let script = """
        import base64, json, os, random, sqlite3, sys
        path, version, tables, integrity = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
        random.seed(version)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(tables)
        if version == 2: database.executescript(integrity)
        database.execute("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        for name in ["resources, media facts, lists", "integrity, order of names"][:version]:
            database.execute("INSERT INTO grdb_migrations VALUES (?)", [name])
        def digits(): return "%032x" % random.getrandbits(128)
        def wrapped(): return base64.b64encode(random.randbytes(512)).decode()
        expected = []
        database.execute("BEGIN")
        for number in range(2500):
            kind, second = 1 + number % 3, 1_600_000_000 + number * 3601
            sid = ("RE", "RT", "CJ")[kind - 1] + digits()
            status = "completed" if number % 7 else ("processing", "deleted", "failed")[number // 7 % 3]
            if kind == 1:
                import email.utils
                resource = {"account_sid": "AC" + digits(), "call_sid": "CA" + digits(), "sid": sid, "status": status,
                    "date_created": email.utils.format_datetime(__import__("datetime").datetime.fromtimestamp(
                        second, __import__("datetime").timezone.utc)), "duration": "17", "channels": 2, "price": None,
                    "encryption_details": {"type": "rsa-aes", "public_key_sid": "CR" + digits(),
                        "encrypted_cek": wrapped(), "iv": base64.b64encode(random.randbytes(12)).decode()}}
                form, group = "wav", resource["call_sid"]
            elif kind == 2:
                resource = {"sid": sid, "status": status, "container_format": ("mka", "mkv")[number % 2], "size": 5,
                    "date_created": __import__("datetime").datetime.fromtimestamp(
                        second, __import__("datetime").timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "grouping_sids": {"room_sid": "RM" + digits(), "participant_sid": "PA" + digits()}}
                form, group = resource["container_format"], resource["grouping_sids"]["room_sid"]
            else:
                resource = {"sid": sid, "status": status, "format": ("mp4", "webm")[number % 2], "title": "Grüße \\\\ \\u2028",
                    "date_created": __import__("datetime").datetime.fromtimestamp(
                        second, __import__("datetime").timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "room_sid": "RM" + digits(), "resolution": "1280x720"}
                form, group = resource["format"], resource["room_sid"]
            text = json.dumps(resource, ensure_ascii=number % 2 == 0, indent=None if number % 5 else 2).encode()
            truth = "none" if kind > 1 or version == 1 else ("unverified", "verified", "failed")[number % 9 // 3]
            columns, values = "sid, kind, status, created, format, json, generation", [
                sid, kind, status, second, form, text, 3]
            if version == 2: columns, values = columns + ", integrity", values + [truth]
            database.execute(f"INSERT INTO resource ({columns}) VALUES ({', '.join('?' * len(values))})", values)
            size, tag, facts = None, None, None
            if number % 4:
                size, facts = random.getrandbits(41), b'{"algorithm":"CBC"}' + random.randbytes(40)
                if version == 2:
                    tag = f'"{digits()}"' if number % 2 else None
                    database.execute("INSERT INTO media (sid, plaintext_size, facts, entity_tag) VALUES (?, ?, ?, ?)",
                        [sid, size, facts, tag])
                else:
                    database.execute("INSERT INTO media (sid, plaintext_size, facts) VALUES (?, ?, ?)", [sid, size, facts])
            expected.append({"sid": sid, "kind": kind, "status": status, "created": second, "format": form, "group": group,
                "json": base64.b64encode(text).decode(), "integrity": truth, "size": size, "tag": tag,
                "facts": facts and base64.b64encode(facts).decode()})
        database.execute("COMMIT")
        for kind in (1, 2, 3): database.execute("INSERT INTO list VALUES (?, 3)", [kind])
        database.close()
        print(json.dumps(expected))
        """

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

    @Test("the steps give each kind of media a list")
    func lists() throws {
        let database = try DatabaseQueue()
        try Schema.migrator(coder: DocumentCoder()).migrate(database)
        let kinds = try database.read { try Int.fetchAll($0, sql: "SELECT kind FROM list ORDER BY kind") }
        #expect(kinds == Array(Schema.listedKinds))
        #expect(kinds == MediaKind.allCases.map(\.rawValue))
    }

    @Test("everything of an older one is kept", arguments: [1, 2])
    func older(version: Int) throws {
        let folder = try CatalogFolder()
        let printed = try Command.require([
            "/usr/bin/python3", "-ISc", Self.script, folder.file, "\(version)", FirstSchema.tables,
            FirstSchema.integrityAndNames,
        ]).output
        let expected = try JSONDecoder().decode([Expected].self, from: printed)
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

    @Test("one of a newer version is an error that names it, and stays as it is")
    func newer() throws {
        let folder = try CatalogFolder()
        do {
            let catalog = try folder.catalog()
            try catalog.store(try Sample.resource(1))
        }
        try Command.require([
            "/usr/bin/python3", "-ISc",
            """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1])
            database.execute("INSERT INTO grdb_migrations VALUES ('what is yet to come')")
            database.commit()
            """, folder.file,
        ])
        let content = try folder.dump()
        let error = #expect(throws: CatalogError.self) { try folder.catalog() }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("'\(folder.file)'") == true && error?.message.contains("newer") == true)
        #expect(try folder.dump() == content)
        #expect(!FileManager.default.fileExists(atPath: folder.damagedFile))
    }
}
