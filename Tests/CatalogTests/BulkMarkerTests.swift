import CatalogTestSupport
import Foundation
import Support
import Testing
import TestSupport

@testable import Catalog

@Suite("What is left of a process that wrote without waiting for the disk", .orderly)
struct BulkMarkerTests {
    private static let boot = "/proc/sys/kernel/random/boot_id"

    /// A catalog with one recording.
    private static func filled() throws -> CatalogFolder {
        let folder = try CatalogFolder()
        try folder.catalog().store(try Sample.resource(1))
        return folder
    }

    @Test("The catalog is set aside when the machine has been started anew since")
    func otherBoot() throws {
        let folder = try Self.filled()
        try Data("11111111-2222-3333-4444-555555555555\n".utf8).write(to: URL(filePath: folder.file + "-bulk-1-2"))
        let log = RecordedLog()
        let catalog = try Catalog(folder: folder.path, logger: log.logger)
        #expect(try catalog.listed() == [])
        #expect(try folder.bulkMarkers == [])
        #expect(FileManager.default.fileExists(atPath: folder.damagedFile))
        #expect(log.lines.contains { $0.contains("the machine went down") && $0.contains("set aside") }, "\(log.lines)")
    }

    @Test("The marker stays until the catalog is set aside, whatever happens before")
    func evidence() throws {
        let folder = try Self.filled()
        try Data("11111111-2222-3333-4444-555555555555\n".utf8).write(to: URL(filePath: folder.file + "-bulk-1-2"))
        try FileManager.default.createDirectory(
            atPath: folder.damagedFile + "/in the way", withIntermediateDirectories: true)
        #expect(throws: CatalogError.self) { try folder.catalog() }
        #expect(try folder.bulkMarkers == ["catalog.sqlite-bulk-1-2"])
        try FileManager.default.removeItem(atPath: folder.damagedFile)
        #expect(try folder.catalog().listed() == [])
        #expect(try folder.bulkMarkers == [])
    }

    @Test("The catalog is kept when only the process was killed, and the marker goes")
    func killed() throws {
        let folder = try Self.filled()
        try String(contentsOfFile: Self.boot, encoding: .utf8).write(
            toFile: folder.file + "-bulk-1-2", atomically: false, encoding: .utf8)
        #expect(try folder.catalog().listed() == [try Sample.sid(1)])
        #expect(try folder.bulkMarkers == [])
        #expect(!FileManager.default.fileExists(atPath: folder.damagedFile))
    }

    @Test("The marker of a process that lives is left alone")
    func alive() throws {
        let folder = try Self.filled()
        // Even one of another boot: what is held can't be of it.
        for text in [try String(contentsOfFile: Self.boot, encoding: .utf8), "another boot"] {
            let marker = folder.file + "-bulk-1-2"
            try Data(text.utf8).write(to: URL(filePath: marker))
            let holder = try RunningCommand(
                ["flock", "--exclusive", marker, "sh", "-c", "echo held; exec cat"], keepsInputOpen: true)
            try #require(eventually { !holder.output.isEmpty })
            #expect(try folder.catalog().listed() == [try Sample.sid(1)])
            #expect(try folder.bulkMarkers == ["catalog.sqlite-bulk-1-2"])
            holder.kill()
            unlink(marker)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.damagedFile))
    }

    @Test("When it ends, SQLite still has its locks: another process that goes doesn't take the journal away")
    func locks() throws {
        let copier = try WorkerPool(name: "checkpoint", threadCount: 1)
        defer { copier.shutDown() }
        let folder = try Self.filled()
        let catalog = try folder.catalog()
        catalog.beginBulk(copyingOn: copier)
        try catalog.store(try Sample.resource(2))
        catalog.endBulk()
        #expect(try Python.run("catalog_file", "count", folder.file).lines == ["2"])
        #expect(FileManager.default.fileExists(atPath: folder.file + "-wal"))
        try catalog.store(try Sample.resource(3))
        #expect(try folder.dump().filter { $0.hasPrefix("INSERT INTO \"entry\"") }.count == 3)
    }

    @Test("A marker stays until its flush ends on another thread, also when the next bulk writing begins")
    func flushElsewhere() throws {
        let copier = try WorkerPool(name: "checkpoint", threadCount: 1)
        let flusher = try WorkerPool(name: "check", threadCount: 1)
        defer { copier.shutDown() }
        let folder = try Self.filled()
        let catalog = try folder.catalog()
        let isOver = Condition(false)
        flusher.run { isOver.waitUntil { $0 } }
        for number in 2...3 {
            catalog.beginBulk(copyingOn: copier)
            try catalog.store(try Sample.resource(number))
            catalog.endBulk(flushingOn: flusher)
        }
        let markers = try folder.bulkMarkers.count
        isOver.change { $0 = true }
        flusher.shutDown()
        #expect(markers == 2)
        #expect(try folder.bulkMarkers == [])
    }

    @Test("A marker is there as long as much is written, and no longer")
    func ownMarker() throws {
        let copier = try WorkerPool(name: "checkpoint", threadCount: 1)
        defer { copier.shutDown() }
        let folder = try Self.filled()
        let catalog = try folder.catalog()
        catalog.beginBulk(copyingOn: copier)
        catalog.beginBulk(copyingOn: copier)
        #expect(try folder.bulkMarkers.count == 1)
        try catalog.store(try Sample.resource(2))
        // Another mount doesn't take it for one that was left.
        #expect(try folder.catalog().listed().count == 2)
        catalog.endBulk()
        #expect(try folder.bulkMarkers.count == 1)
        catalog.endBulk()
        #expect(try folder.bulkMarkers == [])
        #expect(try folder.catalog().listed().count == 2)
    }
}
