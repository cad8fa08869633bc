import Foundation
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("What the catalog knows of the truth of bytes")
struct IntegrityTests {
    private static let facts = StoredMediaFacts(plaintextSize: 5, entityTag: "\"a\"", facts: [1])

    /// A voice recording that is sealed with a tag, as its resource says.
    private static func sealed(_ number: Int) throws -> MediaResource {
        let json = """
            {"sid":"\(try Sample.sid(number))","status":"completed","encryption_details":{"type":"rsa-aes",\
            "public_key_sid":"CR00000000000000000000000000000000","encrypted_cek":"AA==","iv":"AA=="}}
            """
        return try MediaResource(kind: .voiceRecording, json: Array(json.utf8))
    }

    @Test("it is kept over a reopening", arguments: [StoredIntegrity.verified, .failed])
    func reopening(integrity: StoredIntegrity) throws {
        let folder = try CatalogFolder()
        let sid = try Sample.sid(1)
        do {
            let catalog = try folder.catalog()
            try catalog.store(try Self.sealed(1))
            #expect(try catalog.integrity(of: sid) == .unverified)
            try catalog.learn(Self.facts, of: sid)
            #expect(try catalog.integrity(of: sid) == .unverified)
            try catalog.setIntegrity(integrity, of: sid)
        }
        let catalog = try folder.catalog()
        #expect(try catalog.integrity(of: sid) == integrity)
        #expect(try catalog.mediaFacts(of: sid) == Self.facts)
        try catalog.store([try Self.sealed(1)], generation: try catalog.beginPass(over: .voiceRecording))
        #expect(try catalog.integrity(of: sid) == integrity)
    }

    @Test("it is forgotten with the facts, and when size or entity tag become others, and only then")
    func forgetting() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        try catalog.store(try Self.sealed(1))
        for (facts, isKept) in [
            (Self.facts, true),
            (StoredMediaFacts(plaintextSize: 5, entityTag: "\"a\"", facts: [2]), true),
            (StoredMediaFacts(plaintextSize: 6, entityTag: "\"a\"", facts: [1]), false),
            (StoredMediaFacts(plaintextSize: 5, entityTag: "\"b\"", facts: [1]), false),
            (StoredMediaFacts(plaintextSize: 5, entityTag: nil, facts: [1]), false),
        ] {
            try catalog.learn(Self.facts, of: sid)
            try catalog.setIntegrity(.verified, of: sid)
            try catalog.learn(facts, of: sid)
            #expect(try catalog.integrity(of: sid) == (isKept ? .verified : .unverified), "\(facts)")
        }
        try catalog.setIntegrity(.failed, of: sid)
        try catalog.forgetMediaFacts(of: sid)
        #expect(try catalog.integrity(of: sid) == .unverified)
        // Found out of bytes that are no longer those.
        try catalog.setIntegrity(.verified, of: sid)
        #expect(try catalog.integrity(of: sid) == .unverified)
    }

    @Test("video says with its media that it has a tag")
    func video() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1, .composition)
        try catalog.store(try Sample.resource(1, .composition))
        try catalog.learn(Self.facts, of: sid)
        #expect(try catalog.integrity(of: sid) == StoredIntegrity.none)
        try catalog.learn(Self.facts, of: sid, isAuthenticated: true)
        #expect(try catalog.integrity(of: sid) == .unverified)
        try catalog.setIntegrity(.verified, of: sid)
        try catalog.learn(Self.facts, of: sid, isAuthenticated: true)
        #expect(try catalog.integrity(of: sid) == .verified)
        #expect(try catalog.integrity(of: try Sample.sid(2)) == nil)
    }

    @Test("the counts are those of counting, whatever has happened", arguments: 1...5 as ClosedRange<UInt64>)
    func counts(seed: UInt64) throws {
        let catalog = try CatalogFolder().catalog()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let number = Int.random(in: 1...12, using: &generator)
            let sid = try Sample.sid(number)
            switch Int.random(in: 0...7, using: &generator) {
            case 0: try catalog.store(try Sample.resource(number))
            case 1: try catalog.store(try Self.sealed(number))
            case 2: try catalog.store(try Sample.resource(number, status: "deleted"))
            case 3:
                let tag = ["\"a\"", "\"b\"", nil].randomElement(using: &generator) ?? nil
                try catalog.learn(StoredMediaFacts(plaintextSize: 1, entityTag: tag, facts: []), of: sid)
            case 4: try catalog.setIntegrity(.verified, of: sid)
            case 5: try catalog.setIntegrity(.failed, of: sid)
            case 6: try catalog.forgetMediaFacts(of: sid)
            default:
                let generation = try catalog.beginPass(over: .voiceRecording)
                try catalog.store([try Self.sealed(number), try Self.sealed(20)], generation: generation)
                if number == 1 { try catalog.endPass(over: .voiceRecording, generation: generation) }
            }
            var counted: [StoredIntegrity: Int64] = [.unverified: 0, .verified: 0, .failed: 0, .none: 0]
            for sid in try catalog.listed() { counted[try #require(try catalog.integrity(of: sid)), default: 0] += 1 }
            #expect(try catalog.integrityCounts() == counted)
        }
    }

    @Test("a catalog of the version before keeps what it has, but for facts that don't say whether there is a tag")
    func migration() throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try Self.makeOldCatalog(folder.file)
        let catalog = try folder.catalog()
        let voice = try Sample.sid(1)
        #expect(try catalog.listed() == [voice])
        #expect(try catalog.mediaFacts(of: voice) == StoredMediaFacts(plaintextSize: 7, facts: Array("{}".utf8)))
        let composition = try Sample.sid(2, .composition)
        #expect(try catalog.listed(.composition) == [composition, try Sample.sid(3, .composition)])
        #expect(try catalog.mediaFacts(of: composition) == nil)
        #expect(try catalog.entry(of: try Sample.sid(3, .composition))?.plaintextSize == 9)
        #expect(try catalog.integrityCounts() == [.unverified: 0, .verified: 0, .failed: 0, .none: 3])
        // The pass meets it again.
        try catalog.store([try Self.sealed(1)], generation: try catalog.beginPass(over: .voiceRecording))
        #expect(try catalog.integrity(of: voice) == .unverified)
        #expect(try catalog.entry(of: voice)?.plaintextSize == 7)
        #expect(try catalog.integrityCounts() == [.unverified: 1, .verified: 0, .failed: 0, .none: 2])
    }

    /// The schema of version 0.1.0, as SQLite's own shell in Python makes it.
    private static func makeOldCatalog(_ file: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1])
            database.executescript('''
                CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                INSERT INTO grdb_migrations VALUES ('resources, media facts, lists');
                CREATE TABLE resource (
                    id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
                    status TEXT NOT NULL, created INTEGER, format TEXT NOT NULL, json BLOB NOT NULL,
                    generation INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX resource_by_kind ON resource (kind, status, id);
                CREATE INDEX resource_by_date ON resource (kind, status, created);
                CREATE TABLE media (
                    sid TEXT NOT NULL PRIMARY KEY, plaintext_size INTEGER NOT NULL, facts BLOB NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE list (kind INTEGER NOT NULL PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
                INSERT INTO list VALUES (1, 4);
            ''')
            def add(sid, kind, size, facts, status="completed"):
                database.execute("INSERT INTO resource (sid, kind, status, format, json, generation)"
                    " VALUES (?, ?, ?, 'wav', ?, 4)", (sid, kind, status, b"{}"))
                database.execute("INSERT INTO media VALUES (?, ?, ?)", (sid, size, facts))
            add(sys.argv[2], 1, 7, b"{}")
            add(sys.argv[3], 3, 8, b'{"envelopeFields":{"x-amz-cek-alg":"AES/GCM/NoPadding"}}')
            add(sys.argv[4], 3, 9, b'{"envelopeFields":{"x-amz-cek-alg":"AES/CBC/PKCS5Padding"}}')
            add("RE" + "f" * 32, 1, 9, b"{}", "deleted")
            database.commit()
            """,
            file, try Sample.sid(1).description, try Sample.sid(2, .composition).description,
            try Sample.sid(3, .composition).description,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
