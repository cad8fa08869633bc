import CatalogTestSupport
import Foundation
import ModuleTestSupport
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("A catalog that is too large to be checked when it is opened", .orderly)
struct CatalogCheckTests {
    private static let count = 1500

    /// A good catalog of some thousand entries in one file, made once.
    private static let original = Result { () throws -> CatalogFolder in
        let folder = try CatalogFolder()
        do {
            let catalog = try folder.catalog()
            try catalog.store(
                (0..<Self.count).map { try Sample.resource($0, seconds: 1_700_000_000 - Int64($0), group: $0 / 3) })
            try catalog.store(
                (0..<Self.count).map { number in
                    try Sample.resource(
                        number, .composition, status: number % 50 == 0 ? "processing" : "completed",
                        seconds: 1_700_000_000 - Int64(number))
                })
            try catalog.store(
                (0..<100).map { number in
                    try Sample.conferenceRecording(
                        number, seconds: 1_700_000_000 - Int64(number), call: number / 3, conference: number / 6)
                })
            try catalog.store(
                (0..<Self.count / 3).map { number in
                    try Sample.call(
                        number, from: number % 5 == 0 ? "client:\(number)" : "+49301\(number)",
                        seconds: 1_700_000_000 - Int64(number))
                })
            for kind in [MediaKind.voiceRecording, .composition] {
                try catalog.media.learn(
                    (0..<Self.count).map {
                        try MediaLesson(
                            Sample.sid($0, kind),
                            .sample(plaintextSize: Int64($0) * 1000 + 5, entityTag: "\"a\"", facts: [1, 2]))
                    })
            }
            try catalog.groups.makeIndex()
        }
        try folder.checkpoint()
        return folder
    }

    private static func open(_ folder: CatalogFolder, _ log: RecordedLog = RecordedLog()) throws -> Catalog {
        try Catalog(folder: folder.path, smallCount: 10, logger: log.logger)
    }

    /// Whether opening a file as a small one finds damage in it.
    private static func isFoundAtOpening(_ folder: CatalogFolder) throws -> Bool {
        let log = RecordedLog()
        _ = try Catalog(folder: folder.path, smallCount: Int64.max - 1, logger: log.logger)
        return log.lines.contains { $0.contains("set aside") }
    }

    @Test("A good one passes, whatever is in it")
    func good() throws {
        let log = RecordedLog()
        let catalog = try Self.open(try Self.original.get().copy(), log)
        #expect(!catalog.opened.isChecked)
        try catalog.checkAll()
        try catalog.remove(try Sample.sid(700))
        try catalog.media.forgetFacts(of: try Sample.sid(701))
        try catalog.store(try Sample.resource(702, status: "a-word-of-more-than-sixteen-b", seconds: 5))
        try catalog.store(try Sample.resource(703, status: "a-word-of-more-than-sixteen", seconds: 5, group: 7))
        try catalog.checkAll()
        #expect(catalog.epoch == 0)
        #expect(log.lines == [])
    }

    @Test(
        "What another program has changed is found as it is at the opening of a small one",
        arguments: CatalogEdit.all)
    func edited(edit: CatalogEdit) throws {
        let folder = try Self.original.get().copy()
        try edit.apply(to: folder.file)
        let log = RecordedLog()
        let catalog = try Self.open(folder, log)
        // It fails once, when something is found.
        for _ in 0..<2 { try? catalog.checkAll() }
        try catalog.checkAll()
        let isFound = log.lines.contains { $0.contains("set aside as '\(folder.damagedFile)'") }
        #expect(isFound == FileManager.default.fileExists(atPath: folder.damagedFile))
        #expect(try !Self.isFoundAtOpening(folder), "the check has missed it")
        let copy = try Self.original.get().copy()
        try edit.apply(to: copy.file)
        #expect(try isFound == Self.isFoundAtOpening(copy))
    }

    @Test("What is changed while it is open is found as well")
    func whileOpen() throws {
        for sql in [
            "DELETE FROM entry WHERE id IN (SELECT id FROM entry ORDER BY id LIMIT 3 OFFSET 500)",
            "UPDATE tally SET known_bytes = 4611686018427387904", "UPDATE tally SET known_bytes = 0",
            "DELETE FROM tally", "UPDATE tally SET count = 0",
            "DELETE FROM document WHERE id = (SELECT id FROM entry ORDER BY id LIMIT 1 OFFSET 500)",
        ] {
            let folder = try Self.original.get().copy()
            let log = RecordedLog()
            let catalog = try Self.open(folder, log)
            try catalog.checkAll()
            try CatalogEdit(sql: sql).apply(to: folder.file)
            #expect(throws: CatalogError.self, "\(sql)") { try catalog.checkAll() }
            #expect(log.lines.filter { $0.contains("set aside") }.count == 1, "\(sql): \(log.lines)")
            #expect(catalog.epoch == 1)
        }
    }

    @Test("A page of the file that is there twice is found, or does no harm, whichever page it is")
    func repeatedPage() throws {
        let original = try Self.original.get()
        let content = try Data(contentsOf: URL(filePath: original.file))
        let pageCount = content.count / 16_384
        try #require(pageCount > 20)
        var found = 0
        for page in 1..<pageCount - 1 {
            let folder = try original.copy()
            let bytes = content.dropFirst(page * 16_384).prefix(16_384)
            try folder.overwrite(Array(bytes), at: UInt64(page + 1) * 16_384)
            let catalog = try Self.open(folder)
            for _ in 0..<2 { try? catalog.checkAll() }
            guard !FileManager.default.fileExists(atPath: folder.damagedFile) else {
                found += 1
                continue
            }
            // A page of what lists don't need: nothing is lost.
            #expect(try catalog.listed(.voiceRecording) == (0..<Self.count).map { try Sample.sid($0) }, "page \(page)")
            #expect(try catalog.totals(of: .voiceRecording).count == Int64(Self.count), "page \(page)")
        }
        #expect(found > pageCount / 2)
    }

    @Test("A listing in steps of a catalog with a page twice comes to its end or is an error, and repeats nothing")
    func repeatedPageInListing() throws {
        let original = try Self.original.get()
        let content = try Data(contentsOf: URL(filePath: original.file))
        var failed = 0
        for page in 1..<content.count / 16_384 - 1 {
            let folder = try original.copy()
            let bytes = content.dropFirst(page * 16_384).prefix(16_384)
            try folder.overwrite(Array(bytes), at: UInt64(page + 1) * 16_384)
            let catalog = try Self.open(folder)
            var (position, steps) = (Int64(0), 0)
            var listed: [SID] = []
            do {
                while let last = try catalog.entries(of: .voiceRecording, after: position, limit: 40).last {
                    listed.append(last.sid)
                    position = last.position
                    steps += 1
                    try #require(steps <= Self.count / 40 + 1, "page \(page)")
                }
            } catch is CatalogError {
                failed += 1
            }
            #expect(Set(listed).count == listed.count, "page \(page)")
        }
        #expect(failed > 0)
    }

    @Test("A recording whose document or facts are missing is damage when it is read")
    func missing() throws {
        let sid = try Sample.sid(0)
        for table in ["document", "media"] {
            let folder = try Self.original.get().copy()
            try CatalogEdit(
                sql: "DELETE FROM \(table) WHERE id = (SELECT id FROM entry WHERE kind = 1 ORDER BY sid LIMIT 1)"
            ).apply(to: folder.file)
            let catalog = try Self.open(folder)
            // One that isn't there has none either, which is no damage.
            #expect(try catalog.resource(of: try Sample.sid(9999))?.sid == nil)
            #expect(try catalog.media.facts(of: try Sample.sid(9999)) == nil)
            #expect(throws: CatalogError.self) {
                _ = try catalog.resource(of: sid)
                _ = try catalog.media.facts(of: sid)
            }
            #expect(FileManager.default.fileExists(atPath: folder.damagedFile), "\(table)")
        }
    }

    @Test("A check that isn't wanted any more ends, and sets nothing aside")
    func ending() throws {
        let catalog = try Self.open(try Self.original.get().copy())
        #expect(throws: CatalogError.self) { try catalog.checkWhole { false } }
        #expect(catalog.epoch == 0)
        try catalog.checkAll()
    }
}

extension Catalog {
    /// Checks everything, as it is done while the catalog is used.
    fileprivate func checkAll() throws {
        try checkWhole()
        var place: Int64? = 0
        while let position = place { place = try checkRows(after: position, limit: 100) }
    }
}
