import Foundation
import Testing
import Threading
import TwilioAPI

@testable import Catalog

@Suite("The catalog of an account")
struct CatalogTests {
    @Test("what was stored is found again, byte for byte, and after reopening", arguments: MediaKind.allCases)
    func roundTrip(kind: MediaKind) throws {
        let folder = try CatalogFolder()
        let resource = try Sample.resource(7, kind)
        let facts = StoredMediaFacts(plaintextSize: 1 << 40, facts: Array(0...255))
        do {
            let catalog = try folder.catalog()
            try catalog.store(resource)
            try catalog.learn(facts, of: resource.sid)
        }
        let catalog = try folder.catalog()
        let entry = try #require(try catalog.entry(of: resource.sid))
        #expect(entry.kind == kind)
        #expect(entry.isCompleted)
        #expect(entry.containerFormat == resource.containerFormat)
        #expect(entry.dateCreated == resource.dateCreated)
        #expect(entry.plaintextSize == 1 << 40)
        #expect(entry.jsonSize == Int64(resource.json.count))
        #expect(try catalog.resource(of: resource.sid) == resource)
        #expect(try catalog.mediaFacts(of: resource.sid) == facts)
        #expect(try catalog.entries(of: kind, after: 0, limit: 10) == [entry])
        #expect(try catalog.newest(of: kind) == resource.dateCreated)
        let totals = try catalog.totals(of: kind)
        #expect(totals.count == 1)
        #expect(totals.knownBytes == 1 << 40)
    }

    @Test("what was never stored is not there")
    func empty() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        #expect(try catalog.entry(of: sid) == nil)
        #expect(try catalog.resource(of: sid) == nil)
        #expect(try catalog.mediaFacts(of: sid) == nil)
        #expect(try catalog.newest(of: .composition) == nil)
        #expect(try catalog.totals(of: .composition).count == 0)
        #expect(try catalog.entries(of: .composition, after: 0, limit: 10).isEmpty)
    }

    @Test("other programs' users can't read it, its journal included")
    func modes() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        try catalog.store(try Sample.resource(1))
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(folder.path) == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(names).isSuperset(of: ["catalog.sqlite", "catalog.sqlite-wal"]))
        for name in names { #expect(try mode("\(folder.path)/\(name)") == 0o600, "\(name)") }
    }

    @Test("sqlite3 sees what was stored")
    func otherReader() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        let resources = try (1...5).map { try Sample.resource($0) }
        let generation = try catalog.beginPass(over: .voiceRecording)
        try catalog.store(resources, generation: generation)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import sqlite3, sys
            rows = sqlite3.connect(sys.argv[1]).execute("SELECT json FROM resource WHERE generation = 1 ORDER BY sid")
            sys.stdout.buffer.write(b"\\n".join(row[0] for row in rows))
            """, folder.file,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(printed.split(separator: UInt8(ascii: "\n")).map { Array($0) } == resources.map(\.json))
    }

    @Test("only completed recordings are listed", arguments: ["processing", "deleted", "failed", "in-progress", "x"])
    func otherStatus(status: String) throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(try Sample.resource(1, status: status))
        #expect(try catalog.listed().isEmpty)
        #expect(try catalog.totals(of: .voiceRecording).count == 0)
        #expect(try catalog.newest(of: .voiceRecording) == nil)
        #expect(try catalog.entry(of: try Sample.sid(1))?.isCompleted == false)
        try catalog.store(try Sample.resource(1))
        #expect(try catalog.listed() == [try Sample.sid(1)])
        try catalog.store(try Sample.resource(1, status: status))
        #expect(try catalog.listed().isEmpty)
    }

    @Test("positions stay as they are, and are never given again")
    func positions() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(
            (1...3).map { try Sample.resource($0) }, generation: try catalog.beginPass(over: .voiceRecording))
        let before = try catalog.entries(of: .voiceRecording, after: 0, limit: 10).map(\.position)
        let generation = try catalog.beginPass(over: .voiceRecording)
        // The list is now in another order, the last one is gone, and a new one is there.
        try catalog.store([2, 1, 4].map { try Sample.resource($0) }, generation: generation)
        try catalog.endPass(over: .voiceRecording, generation: generation)
        let after = try catalog.entries(of: .voiceRecording, after: 0, limit: 10)
        #expect(try after.map(\.sid) == [1, 2, 4].map { try Sample.sid($0) })
        #expect(after.prefix(2).map(\.position) == Array(before.prefix(2)))
        #expect((after.last?.position ?? 0) > (before.last ?? .max))
    }

    @Test("a listing in pieces misses nothing and repeats nothing, whatever comes and goes", arguments: 1...7)
    func cursor(limit: Int) throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store((1...20).map { try Sample.resource($0) }, generation: 1)
        var found: [SID] = []
        var position: Int64 = 0
        var number = 100
        while true {
            let entries = try catalog.entries(of: .voiceRecording, after: position, limit: limit)
            guard let last = entries.last else { break }
            #expect(entries.count <= limit)
            found += entries.map(\.sid)
            position = last.position
            // The one that was read goes, another comes; a few times only, or the list would never end.
            try catalog.store(try Sample.resource(found.count, status: "deleted"))
            if number < 105 { try catalog.store(try Sample.resource(number)) }
            number += 1
        }
        #expect(Set(found).count == found.count)
        #expect(try Array(found.prefix(20)) == (1...20).map { try Sample.sid($0) })
    }

    @Test("entries are listed kind by kind")
    func kinds() throws {
        let catalog = try CatalogFolder().catalog()
        for number in 1...9 { try catalog.store(try Sample.resource(number, MediaKind.allCases[number % 3])) }
        for kind in MediaKind.allCases {
            #expect(try catalog.listed(kind, limit: 2).count == 3)
            #expect(try catalog.listed(kind).allSatisfy { $0.prefix == kind.sidPrefix })
        }
    }

    @Test("what was learnt is kept when the resource is met again, and goes when it is forgotten")
    func facts() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        try catalog.store(try Sample.resource(1))
        try catalog.learn(StoredMediaFacts(plaintextSize: 5, facts: [1]), of: sid)
        try catalog.store([try Sample.resource(1)], generation: try catalog.beginPass(over: .voiceRecording))
        #expect(try catalog.entry(of: sid)?.plaintextSize == 5)
        try catalog.learn(StoredMediaFacts(plaintextSize: 6, facts: [2]), of: sid)
        #expect(try catalog.mediaFacts(of: sid) == StoredMediaFacts(plaintextSize: 6, facts: [2]))
        try catalog.forgetMediaFacts(of: sid)
        #expect(try catalog.mediaFacts(of: sid) == nil)
        #expect(try catalog.entry(of: sid)?.plaintextSize == nil)
    }

    @Test("a file that isn't a catalog is an error that names it", arguments: ["text", "directory"])
    func notACatalog(what: String) throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(
            atPath: what == "directory" ? folder.file : folder.path, withIntermediateDirectories: true)
        if what == "text" {
            try Data(String(repeating: "not a database\n", count: 1000).utf8).write(to: URL(filePath: folder.file))
        }
        let error = #expect(throws: CatalogError.self) { try folder.catalog() }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("'\(folder.file)'") == true)
        #expect(error?.message.contains("--cache-dir") == true)
    }

    @Test("a damaged file is an error that names it, and never an empty list")
    func damaged() throws {
        let folder = try CatalogFolder()
        do {
            let catalog = try folder.catalog()
            try catalog.store(try (1...2000).map { try Sample.resource($0) }, generation: 1)
        }
        // Closing the last connection has written everything to the main file. All but its first pages is overwritten.
        var file = try Data(contentsOf: URL(filePath: folder.file))
        file.replaceSubrange((4096 * 12)..., with: Data(repeating: 0xA5, count: file.count - 4096 * 12))
        try file.write(to: URL(filePath: folder.file))
        let error = #expect(throws: CatalogError.self) {
            let catalog = try folder.catalog()
            _ = try catalog.listed()
        }
        #expect(error?.message.contains("'\(folder.file)'") == true)
    }

    @Test("a folder that can't be made is an error that names it")
    func noFolder() throws {
        let error = #expect(throws: CatalogError.self) { try Catalog(folder: "/dev/null/catalog") }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("/dev/null/catalog") == true)
    }

    @Test("two mounts write to one catalog at the same time")
    func twoWriters() throws {
        let folder = try CatalogFolder()
        let failures = Locked<[String]>([])
        let threads = try (0..<2).map { writer in
            let catalog = try folder.catalog()
            return try NamedThread(name: "writer") {
                for number in 0..<100 {
                    do {
                        try catalog.store(try Sample.resource(writer * 1000 + number))
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        #expect(try folder.catalog().listed().count == 200)
    }
}
