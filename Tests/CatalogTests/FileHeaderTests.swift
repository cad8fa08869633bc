import CatalogTestSupport
import Foundation
import Testing
import TestSupport

@testable import Catalog

@Suite("The header of a catalog's file", .orderly)
struct FileHeaderTests {
    /// A byte of the header, and what it is changed to.
    struct Change: Sendable, CustomTestStringConvertible {
        let offset: UInt64
        let value: UInt8
        let isDamage: Bool

        var testDescription: String { "byte \(offset) becomes \(value)" }
    }

    /// The versions for writers and readers, the format of the schema; and numbers that are anybody's own.
    static let changes: [Change] = {
        let damage: [(UInt64, UInt8)] = [
            (18, 3), (18, 0), (18, 255), (19, 3), (19, 0), (47, 5), (47, 255), (44, 1),
        ]
        let others: [(UInt64, UInt8)] = [(63, 7), (71, 7)]
        return damage.map { Change(offset: $0.0, value: $0.1, isDamage: true) }
            + others.map { Change(offset: $0.0, value: $0.1, isDamage: false) }
    }()

    @Test("Versions that SQLite doesn't know are damage, and no reason to refuse the mount", arguments: changes)
    func changed(change: Change) throws {
        let folder = try CatalogFolder()
        let sid = try Sample.sid(1)
        do { try folder.catalog().store(try Sample.resource(1)) }
        try folder.checkpoint()
        try folder.overwrite([change.value], at: change.offset)
        for attempt in 1...2 {
            let log = RecordedLog()
            let catalog = try Catalog(folder: folder.path, logger: log.logger)
            let isSetAside = log.lines.contains { $0.contains("set aside") }
            #expect(isSetAside == (change.isDamage && attempt == 1))
            #expect(try catalog.entry(of: sid)?.sid == (isSetAside ? nil : sid))
            try catalog.store(try Sample.resource(1))
        }
    }

    @Test("What is shorter than a header, or no database, is SQLite's to judge")
    func other() throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        for content in [Data(), Data("SQLite format 3\0".utf8), Data(TestMedia.noise(5000, seed: 3))] {
            try content.write(to: URL(filePath: folder.file))
            let descriptor = open(folder.file, O_RDONLY)
            defer { close(descriptor) }
            #expect(FileHeader.isPossible(descriptor))
        }
    }

    @Test("A step of a later version has a plain name")
    func steps() {
        for name in ["what is yet to come", "a", "step-2", String(repeating: "a", count: 64)] {
            #expect(CatalogCheck.isNameOfStep(Array(name.utf8)), "\(name)")
        }
        let others = [
            "", "-1", "1", " a", "A", "a, b", "a\0", "ä", "a\n", "-9223372036854775808",
            String(repeating: "a", count: 65),
        ]
        for name in others { #expect(!CatalogCheck.isNameOfStep(Array(name.utf8)), "\(name)") }
    }
}
