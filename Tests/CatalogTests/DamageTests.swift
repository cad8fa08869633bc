import CatalogTestSupport
import Foundation
import Glibc
import Support
import Testing
import TestSupport
import TwilioAPI

@testable import Catalog

@Suite("A damaged catalog", .orderly)
struct DamageTests {
    private static func open(_ folder: CatalogFolder, _ log: RecordedLog = RecordedLog()) throws -> Catalog {
        try Catalog(folder: folder.path, logger: log.logger)
    }

    @Test("A file that is no database is set aside with a message, and the catalog is built anew")
    func garbage() throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let garbage = Data(TestMedia.noise(100_000, seed: 1))
        try garbage.write(to: URL(filePath: folder.file))
        let log = RecordedLog()
        let catalog = try Self.open(folder, log)
        try catalog.store(try Sample.resource(1))
        #expect(try catalog.listed() == [try Sample.sid(1)])
        #expect(try Data(contentsOf: URL(filePath: folder.damagedFile)) == garbage)
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.hasPrefix("error: the catalog '\(folder.file)' is damaged") == true)
        #expect(log.lines.first?.contains("'\(folder.damagedFile)'") == true)
    }

    @Test("A damaged catalog is set aside once, although several mounts open it at that moment", arguments: 1...10)
    func garbageForMany(round: Int) throws {
        let folder = try CatalogFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let garbage = Data(TestMedia.noise(100_000, seed: UInt64(round)))
        try garbage.write(to: URL(filePath: folder.file))
        let outcomes = Awaited<Result<Catalog, any Error>>()
        let threads = try (0..<6).map { number in
            try NamedThread(name: "opener") {
                outcomes.add(
                    Result {
                        let catalog = try Self.open(folder)
                        try catalog.store(try Sample.resource(number))
                        return catalog
                    })
            }
        }
        for thread in threads { thread.join() }
        let expected = Set(try (0..<6).map { try Sample.sid($0) })
        for outcome in outcomes.all {
            let catalog = try outcome.get()
            #expect(try Set(catalog.listed()) == expected)
        }
        #expect(try Data(contentsOf: URL(filePath: folder.damagedFile)) == garbage)
    }

    @Test(
        "A catalog that was taken away is given up by every mount that has it open, although none found damage",
        arguments: [true, false])
    func takenAway(isRead: Bool) throws {
        let folder = try CatalogFolder()
        let catalog = try Self.open(folder)
        try catalog.store((0..<10).map { try Sample.resource($0) })
        try FileManager.default.removeItem(atPath: folder.path)
        let next = try Self.open(folder)
        try next.store(try Sample.resource(77))
        if isRead {
            #expect(throws: CatalogError.self) { try catalog.listed() }
        } else {
            // The lists belong to the former catalog; what belongs to none is written to the next one.
            #expect(throws: CatalogError.self) {
                try catalog.lists.noteRefresh(of: .voiceRecording, at: 1, epoch: 0)
            }
        }
        #expect(catalog.epoch == 1)
        #expect(try catalog.listed() == [try Sample.sid(77)])
        try catalog.store(try Sample.resource(78))
        #expect(try next.listed() == [77, 78].map { try Sample.sid($0) })
        #expect(next.epoch == 0)
    }

    @Test("What is stored while the catalog turns out to be taken away is in the next one")
    func writtenAgain() throws {
        let folder = try CatalogFolder()
        let catalog = try Self.open(folder)
        try catalog.store((0..<10).map { try Sample.resource($0) })
        try FileManager.default.removeItem(atPath: folder.path)
        try catalog.store(try Sample.resource(76))
        #expect(catalog.epoch == 1)
        #expect(try catalog.listed() == [try Sample.sid(76)])
        #expect(try Self.open(folder).listed() == [try Sample.sid(76)])
    }

    @Test("When one mount sets a catalog aside, another gives it up even if it writes first")
    func otherMountWrites() throws {
        let folder = try CatalogFolder()
        let (catalog, other) = (try Self.open(folder), try Self.open(folder))
        try catalog.store((0..<3000).map { try Sample.resource($0) })
        try folder.garble()
        #expect(throws: CatalogError.self) { try catalog.listed() }
        try other.store(try Sample.resource(5000))
        #expect(other.epoch == 1)
        try other.store(try Sample.resource(5001))
        #expect(try catalog.listed() == [5000, 5001].map { try Sample.sid($0) })
        #expect(try other.listed() == [5000, 5001].map { try Sample.sid($0) })
    }

    @Test("A catalog whose file is removed is replaced also while every open reader is in use")
    func removedWhileReading() throws {
        let folder = try CatalogFolder()
        let catalog = try Self.open(folder)
        try catalog.store(try Sample.resource(1))
        let listed = Locked<[[SID]?]>([])
        // Fails in the end, since the file isn't the one that it began to read.
        _ = try? catalog.storage.read { _ in
            for suffix in ["", "-wal", "-shm"] { unlink(folder.file + suffix) }
            try NamedThread(name: "reader") {
                for _ in 0..<2 {
                    let sids = try? catalog.listed()
                    listed.withLock { $0.append(sids) }
                }
            }.join()
        }
        #expect(listed.withLock { $0 } == [nil, []])
        #expect(catalog.epoch == 1)
    }

    @Test("A catalog that can't be made again is kept without a file, which the log says once")
    func standIn() throws {
        let folder = try CatalogFolder()
        let log = RecordedLog()
        let catalog = try Self.open(folder, log)
        try catalog.store((0..<10).map { try Sample.resource($0) })
        try FileManager.default.removeItem(atPath: folder.path)
        try #require(symlink("/nowhere", folder.path) == 0)
        // The lists count as incomplete: nothing is shown as if there were nothing.
        #expect(try catalog.listed() == [])
        #expect(catalog.epoch == 1)
        try catalog.store((20..<3000).map { try Sample.resource($0) })
        #expect(try catalog.listed().count == 2980)
        #expect(try catalog.lists.state(of: .voiceRecording).coverage.isEmpty)
        #expect(log.lines.count == 1, "\(log.lines)")
        #expect(log.lines.first?.contains("until the next mount, the lists are kept without a file") == true)
        #expect(catalog.epoch == 1)
        // Nothing of it is anywhere when there is a folder again.
        unlink(folder.path)
        #expect(try Self.open(folder).listed() == [])
        #expect(try catalog.listed().count == 2980)
    }

    @Test("A catalog without a file is written in bulk as any other")
    func bulkStandIn() throws {
        let folder = try CatalogFolder()
        let catalog = try Self.open(folder)
        try FileManager.default.removeItem(atPath: folder.path)
        try #require(symlink("/nowhere", folder.path) == 0)
        #expect(try catalog.listed() == [])
        let copier = try WorkerPool(name: "checkpoint", threadCount: 1)
        catalog.beginBulk(copyingOn: copier)
        try catalog.store(try Sample.resource(1))
        catalog.endBulk()
        copier.shutDown()
        #expect(try catalog.listed() == [try Sample.sid(1)])
    }

    @Test("A catalog that is begun anew has another epoch before anybody can read it")
    func replacementOrder() throws {
        let folder = try CatalogFolder()
        let catalog = try Self.open(folder)
        try catalog.store((0..<3000).map { try Sample.resource($0) })
        try folder.garble()
        let epochs = Awaited<Int>()
        let deadline = ContinuousClock.now + .seconds(20)
        let readers = try (0..<8).map { number in
            try NamedThread(name: "reader-\(number)") {
                var isEmpty = false
                while !isEmpty, .now < deadline { isEmpty = (try? catalog.listed()) == [] }
                epochs.add(isEmpty ? catalog.epoch : -1)
            }
        }
        for reader in readers { reader.join() }
        #expect(epochs.all == Array(repeating: 1, count: 8))
    }
}
