import CatalogTestSupport
import Foundation
import GRDB
import Support
import Testing
import TestSupport

@testable import Catalog

@Suite("Much is written without waiting for the disk", .orderly)
struct BulkWritingTests {
    private static let pageSize = 16 << 10

    private let folder: CatalogFolder
    private let database: CatalogDatabase
    private let copier: WorkerPool

    init() throws {
        folder = try CatalogFolder()
        database = try CatalogDatabase(
            folder: folder.path, check: CatalogCheck(coder: DocumentCoder()), logger: .silent)
        copier = try WorkerPool(name: "checkpoint", threadCount: 1)
    }

    /// Writes a document that takes a page and more, in a transaction of its own.
    private func write(_ id: Int) throws {
        try database.pool.write {
            try $0.execute(
                sql: "INSERT INTO document (id, json) VALUES (?, ?)", arguments: [id, Data(count: Self.pageSize)])
        }
    }

    private func journalSize() throws -> Int {
        try FileManager.default.attributesOfItem(atPath: folder.file + "-wal")[.size] as? Int ?? 0
    }

    /// What another program finds in the file.
    private func count() throws -> [String] {
        try Command.require([
            "sqlite3", folder.file, "PRAGMA integrity_check; SELECT count(*) FROM document",
        ]).lines
    }

    @Test("The journal begins anew when it is long enough, however much is written")
    func journalIsBounded() throws {
        let writing = try #require(BulkWriting(database, copyingOn: copier, journalLimit: 100))
        var longest = 0
        for id in 1...500 {
            try write(id)
            writing.wrote()
            longest = max(longest, try journalSize())
        }
        writing.stop()
        #expect(writing.flush() == nil)
        // What is written while the length is looked at comes on top.
        #expect(longest < 200 * Self.pageSize, "the journal had \(longest) bytes")
        copier.shutDown()
        #expect(try count() == ["ok", "500"])
    }

    /// Keeps the thread that copies busy until `body` returns.
    private func withoutCopying(_ body: () throws -> Void) rethrows {
        let isOver = Condition(false)
        copier.run { isOver.waitWithoutEnd { $0 ? () : nil } }
        defer { isOver.change { $0 = true } }
        try body()
    }

    @Test("Who writes is never two transactions ahead of who copies")
    func staysNear() throws {
        let writing = try #require(BulkWriting(database, copyingOn: copier))
        let written = Locked(0)
        var thread: NamedThread?
        try withoutCopying {
            thread = try NamedThread(name: "writes") {
                for id in 1...10 {
                    try? write(id)
                    written.withLock { $0 += 1 }
                    writing.wrote()
                }
            }
            #expect(eventually { written.withLock { $0 } == 2 })
            usleep(50_000)
            #expect(written.withLock { $0 } == 2)
        }
        thread?.join()
        #expect(written.withLock { $0 } == 10)
        writing.stop()
        #expect(writing.flush() == nil)
        copier.shutDown()
        #expect(try count() == ["ok", "10"])
    }

    @Test("Once the journal is too long, who writes waits until it is copied")
    func waitsForCopy() throws {
        let writing = try #require(BulkWriting(database, copyingOn: copier, journalLimit: 1))
        try withoutCopying {
            try write(1)
            writing.wrote()
        }
        // By then it was looked how long the journal is.
        let isIdle = Condition(false)
        copier.run { isIdle.change { $0 = true } }
        isIdle.waitWithoutEnd { $0 ? () : nil }
        let isBack = Locked(false)
        var thread: NamedThread?
        try withoutCopying {
            try write(2)
            thread = try NamedThread(name: "writes") {
                writing.wrote()
                isBack.withLock { $0 = true }
            }
            usleep(50_000)
            #expect(!isBack.withLock { $0 })
        }
        thread?.join()
        #expect(isBack.withLock { $0 })
        writing.stop()
        #expect(writing.flush() == nil)
    }

    @Test("A reader that stays with what was there before stops nobody from writing")
    func longReader() throws {
        let writing = try #require(BulkWriting(database, copyingOn: copier, journalLimit: 20))
        try database.pool.unsafeRead { reader in
            try reader.execute(sql: "BEGIN; SELECT count(*) FROM document")
            for id in 1...100 {
                try write(id)
                writing.wrote()
            }
            try reader.execute(sql: "COMMIT")
        }
        writing.stop()
        #expect(writing.flush() == nil)
        copier.shutDown()
        #expect(try count() == ["ok", "100"])
    }

    @Test("Without the thread that copies it goes on, and nothing is lost")
    func noCopier() throws {
        let writing = try #require(BulkWriting(database, copyingOn: copier, journalLimit: 20))
        copier.shutDown()
        for id in 1...100 {
            try write(id)
            writing.wrote()
        }
        writing.stop()
        #expect(writing.flush() == nil)
        #expect(try count() == ["ok", "100"])
    }

    @Test("A disk that doesn't take what was written leaves the marker, and the next time that it does removes it")
    func failedFlush() throws {
        let writing = try #require(BulkWriting(database, copyingOn: copier))
        // No change of the database succeeds from now on.
        try database.pool.close()
        writing.stop()
        let marker = try #require(writing.flush())
        #expect(try folder.bulkMarkers.count == 1)
        let next = try CatalogDatabase(
            folder: folder.path, check: CatalogCheck(coder: DocumentCoder()), logger: .silent)
        let again = try #require(BulkWriting(next, leftMarker: marker, copyingOn: copier))
        #expect(try folder.bulkMarkers.count == 1, "it is the same")
        again.stop()
        #expect(again.flush() == nil)
        #expect(try folder.bulkMarkers == [])
        copier.shutDown()
    }

    @Test("Of several periods that the disk didn't take one marker is left, until the end of one that it takes")
    func failedPeriods() throws {
        let flusher = try WorkerPool(name: "check", threadCount: 1)
        let period = BulkPeriod()
        let isOver = Condition(false)
        flusher.run { isOver.waitUntil { $0 } }
        for number in 1...3 {
            let database = try CatalogDatabase(
                folder: folder.path, check: CatalogCheck(coder: DocumentCoder()), logger: .silent)
            period.begin(database, copyingOn: copier)
            #expect(try folder.bulkMarkers.count == number)
            try database.pool.close()
            period.end(flushingOn: flusher)
        }
        isOver.change { $0 = true }
        flusher.shutDown()
        #expect(try folder.bulkMarkers.count == 1)
        period.begin(database, copyingOn: copier)
        #expect(try folder.bulkMarkers.count == 1)
        try write(1)
        period.wrote()
        period.end(flushingOn: nil)
        #expect(try folder.bulkMarkers == [])
        copier.shutDown()
        #expect(try count() == ["ok", "1"])
    }

    @Test("Afterwards the disk is waited for again")
    func settingsReturn() throws {
        func settings() throws -> [Int?] {
            try database.pool.writeWithoutTransaction { writer in
                try ["synchronous", "wal_autocheckpoint"].map { try Int.fetchOne(writer, sql: "PRAGMA \($0)") }
            }
        }
        let before = try settings()
        let writing = try #require(BulkWriting(database, copyingOn: copier))
        #expect(try settings() == [0, 0])
        try write(1)
        writing.wrote()
        writing.stop()
        #expect(writing.flush() == nil)
        copier.shutDown()
        #expect(try settings() == before)
        #expect(before == [1, CatalogDatabase.checkpointInterval])
    }
}
