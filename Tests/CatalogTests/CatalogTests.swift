import CatalogTestSupport
import Foundation
import Support
import Testing
import TestSupport
import TwilioAPI

@testable import Catalog

@Suite("The catalog of an account", .orderly)
struct CatalogTests {
    @Test("What was stored is found again, byte for byte, and after reopening", arguments: MediaKind.allCases)
    func roundTrip(kind: MediaKind) throws {
        let folder = try CatalogFolder()
        let resource = try Sample.resource(7, kind)
        let facts = StoredMediaFacts.sample(plaintextSize: 1 << 40, facts: Array(0...255))
        do {
            let catalog = try folder.catalog()
            try catalog.store(resource)
            try catalog.media.learn(facts, of: resource.sid)
        }
        let log = RecordedLog()
        let catalog = try Catalog(folder: folder.path, logger: log.logger)
        #expect(log.lines == [])
        let entry = try #require(try catalog.entry(of: resource.sid))
        #expect(entry.kind == kind)
        #expect(entry.isCompleted)
        #expect(entry.containerFormat == resource.containerFormat)
        #expect(entry.dateCreated == resource.dateCreated)
        #expect(entry.plaintextSize == 1 << 40)
        #expect(entry.jsonSize == Int64(resource.json.count))
        #expect(try catalog.resource(of: resource.sid)?.json == Array(resource.json))
        #expect(try catalog.media.facts(of: resource.sid) == facts)
        #expect(try catalog.entries(of: kind, after: 0, limit: 10) == [entry])
        #expect(try catalog.newest(of: kind) == resource.dateCreated)
        let totals = try catalog.totals(of: kind)
        #expect(totals.count == 1)
        #expect(totals.knownBytes == 1 << 40)
    }

    @Test("Of a resource that is on two pages, the one that came later counts, stored together or not")
    func twice() throws {
        let pages = try ["processing", "in-progress", "completed"].enumerated().map { index, status in
            try [Sample.resource(5 - index), Sample.resource(7, status: status), Sample.resource(9 + index)]
        }
        let together = try CatalogFolder().catalog()
        let prepared = pages.map { together.prepare($0) }
        try together.lists.store(prepared, of: .voiceRecording, now: 0, epoch: together.epoch)
        let alone = try CatalogFolder().catalog()
        for page in pages { try alone.store(page) }
        for catalog in [together, alone] {
            let sid = try Sample.sid(7)
            #expect(try catalog.entry(of: sid)?.isCompleted == true)
            #expect(try catalog.resource(of: sid)?.json == Array(pages[2][1].json))
            #expect(try catalog.totals(of: .voiceRecording).count == 7)
            #expect(try catalog.listed().count == 7)
        }
    }

    @Test("What belongs to a catalog that was rebuilt meanwhile isn't stored")
    func otherEpoch() throws {
        let catalog = try CatalogFolder().catalog()
        let page = catalog.prepare([try Sample.resource(1)])
        let error = #expect(throws: CatalogError.self) {
            try catalog.lists.store([page], of: .voiceRecording, now: 0, epoch: catalog.epoch - 1)
        }
        #expect(error?.message.contains("was rebuilt") == true, "\(error?.message ?? "")")
        #expect(try catalog.listed() == [])
        try catalog.lists.store([page], of: .voiceRecording, now: 0, epoch: catalog.epoch)
        #expect(try catalog.listed() == [try Sample.sid(1)])
    }

    @Test("What was never stored is not there")
    func empty() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        #expect(try catalog.entry(of: sid) == nil)
        #expect(try catalog.resource(of: sid) == nil)
        #expect(try catalog.media.facts(of: sid) == nil)
        #expect(try catalog.newest(of: .composition) == nil)
        #expect(try catalog.totals(of: .composition).count == 0)
        #expect(try catalog.entries(of: .composition, after: 0, limit: 10).isEmpty)
    }

    @Test("Other programs' users can't read it, its journal included")
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
        try catalog.store(resources)
        let printed = try Python.run("catalog_file", "entries", folder.file).lines
        #expect(printed == resources.map { "\($0.sid)".dropFirst(2) + " \($0.dateCreated?.seconds ?? 0)" })
    }

    @Test("Only completed recordings are listed", arguments: ["processing", "deleted", "failed", "in-progress", "x"])
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

    @Test("Positions stay as they are, and are never given again")
    func positions() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store((1...3).map { try Sample.resource($0) })
        let before = try catalog.entries(of: .voiceRecording, after: 0, limit: 10).map(\.position)
        // The list is now in another order, the last one is gone, and a new one is there.
        try catalog.store([2, 1, 4].map { try Sample.resource($0) })
        try catalog.remove(try Sample.sid(3))
        let after = try catalog.entries(of: .voiceRecording, after: 0, limit: 10)
        #expect(try after.map(\.sid) == [1, 2, 4].map { try Sample.sid($0) })
        #expect(after.prefix(2).map(\.position) == Array(before.prefix(2)))
        #expect((after.last?.position ?? 0) > (before.last ?? .max))
    }

    @Test("A listing in pieces misses nothing and repeats nothing, whatever comes and goes", arguments: 1...7)
    func cursor(limit: Int) throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store((1...20).map { try Sample.resource($0) })
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

    @Test("Entries are listed kind by kind")
    func kinds() throws {
        let catalog = try CatalogFolder().catalog()
        for number in 1...9 { try catalog.store(try Sample.resource(number, MediaKind.allCases[number % 3])) }
        for kind in MediaKind.allCases {
            #expect(try catalog.listed(kind, limit: 2).count == 3)
            #expect(try catalog.listed(kind).allSatisfy { $0.prefix == kind.sidPrefix })
        }
    }

    @Test("What was learnt is kept when the resource is met again, and goes when it is forgotten")
    func facts() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        try catalog.store(try Sample.resource(1))
        try catalog.media.learn(StoredMediaFacts.sample(plaintextSize: 5, facts: [1]), of: sid)
        try catalog.store([try Sample.resource(1)])
        #expect(try catalog.entry(of: sid)?.plaintextSize == 5)
        try catalog.media.learn(StoredMediaFacts.sample(plaintextSize: 6, facts: [2]), of: sid)
        #expect(try catalog.media.facts(of: sid) == StoredMediaFacts.sample(plaintextSize: 6, facts: [2]))
        try catalog.media.forgetFacts(of: sid)
        #expect(try catalog.media.facts(of: sid) == nil)
        #expect(try catalog.entry(of: sid)?.plaintextSize == nil)
    }

    @Test("A directory in the catalog's place is an error that names it")
    func notAFile() throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.file, withIntermediateDirectories: true)
        let error = #expect(throws: CatalogError.self) { try folder.catalog() }
        #expect(error?.code == .unusable)
        #expect(
            error?.explanation == "the catalog can't be opened: '\(folder.file)' is a folder, not a file: remove it",
            "the path and the advice stand there once")
    }

    @Test("A folder that can't be made is an error that names it")
    func noFolder() throws {
        let error = #expect(throws: CatalogError.self) {
            try Catalog(folder: "/dev/null/catalog", logger: .silent)
        }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("/dev/null/catalog") == true)
    }

    @Test("Two mounts write to one catalog at the same time")
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
