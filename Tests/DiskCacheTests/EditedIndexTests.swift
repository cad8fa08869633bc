import Foundation
import Glibc
import Support
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

@Suite("A cache whose files another program has changed", .orderly)
struct EditedIndexTests {
    private let content = Pattern.content(1)

    @Test(
        "A changed cache works again, with the right bytes",
        arguments: [
            "UPDATE block SET bytes = 9223372036854775807", "UPDATE block SET bytes = -9223372036854775808",
            "UPDATE account SET bytes = 9223372036854775807", "UPDATE account SET bytes = -9223372036854775808",
            "UPDATE block SET used = 9223372036854775807", "UPDATE content SET size = -1",
            "UPDATE block SET id = 9223372036854775807 WHERE id = (SELECT max(id) FROM block)",
            "UPDATE block SET number = -5 WHERE id = (SELECT max(id) FROM block)",
            "INSERT INTO reservation VALUES (9223372036854775807, 1, 77, 9223372036000000000, '../..', 1)",
            "CREATE TRIGGER t AFTER INSERT ON block BEGIN DELETE FROM block; END", "CREATE VIEW v AS SELECT 1",
            "DROP TABLE setting; CREATE TABLE setting (name, value); INSERT INTO setting VALUES (x'00', x'00')",
            "UPDATE setting SET value = ''", "DELETE FROM account",
        ])
    func edited(sql: String) throws {
        let bench = try CacheBench()
        var cache = try bench.open()
        for block in 0..<5 { cache.store(block, of: content) }
        cache.shutDown()
        try CatalogEdit(sql: sql).apply(to: bench.index)
        for _ in 0..<2 {
            cache = try bench.open()
            cache.waitForUpkeep()
            for block in 0..<5 { _ = cache.hasRight(block, of: content) }
            cache.store(7, of: content)
            cache.store(8, of: Pattern.content(2))
            cache.waitForUpkeep()
            _ = cache.statistics
            cache.shutDown()
        }
    }

    @Test(
        "An index with a missing value, which SQLite doesn't notice, is made again and ends nothing",
        arguments: ["bytes", "number"])
    func missingValue(column: String) throws {
        let bench = try CacheBench()
        var cache = try bench.open()
        for block in 0..<5 { cache.store(block, of: content) }
        cache.shutDown()
        // As when a bit of a row's header is flipped: the schema says that there is a value.
        let (strict, lax) = ("\(column) INTEGER NOT NULL,", "\(column) INTEGER,")
        try CatalogEdit(
            sql: "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, '\(strict)', '\(lax)')"
        ).apply(to: bench.index)
        try CatalogEdit(
            sql: "UPDATE block SET \(column) = NULL WHERE number < 3; PRAGMA writable_schema = ON;"
                + " UPDATE sqlite_master SET sql = replace(sql, '\(lax)', '\(strict)')"
        ).apply(to: bench.index)
        cache = try bench.open()
        _ = cache.blocks(of: content)
        for block in 0..<5 { _ = cache.hasRight(block, of: content) }
        _ = cache.statistics
        let works = eventually {
            cache.store(7, of: content)
            return cache.hasRight(7, of: content) && cache.blocks(of: content) == [7]
        }
        #expect(works && bench.log.contains { $0.contains("is damaged") }, "\(bench.log)")
        cache.shutDown()
    }

    @Test(
        "A cache doesn't follow files that it didn't make, and doesn't wait for them",
        arguments: ["fifo", "link", "folder", "device"])
    func replacedBlock(kind: String) throws {
        let bench = try CacheBench()
        var cache = try bench.open()
        cache.store(0, of: content)
        cache.shutDown()
        let file = try bench.onlyFile()
        let copy = file + "-copy"
        try FileManager.default.moveItem(atPath: file, toPath: copy)
        switch kind {
        case "fifo": #expect(mkfifo(file, 0o600) == 0)
        // Even a link to the right bytes.
        case "link": #expect(symlink(copy, file) == 0)
        case "folder": #expect(mkdir(file, 0o700) == 0)
        default: #expect(mknod(file, S_IFCHR | 0o600, 0x105) == 0)
        }
        cache = try bench.open()
        #expect(!cache.hasRight(0, of: content))
        let works = eventually {
            cache.store(1, of: content)
            return cache.hasRight(1, of: content)
        }
        #expect(works, "\(bench.log)")
        cache.shutDown()
    }

    @Test(
        "Something in the folder of blocks that isn't the cache's own keeps nothing else from being swept and evicted")
    func foreignEntries() throws {
        let bench = try CacheBench()
        var cache = try bench.open()
        for block in 0..<5 { cache.store(block, of: content) }
        cache.shutDown()
        let blocks = URL(filePath: bench.path).appending(path: "store/blocks")
        // A file in the place of a folder, and a folder with something in it in the place of a block's file.
        try Data([1]).write(to: blocks.appending(path: "7"))
        try FileManager.default.createDirectory(
            at: blocks.appending(path: "0/foreign/something"), withIntermediateDirectories: true)
        let orphan = blocks.appending(path: "9/36870")
        try FileManager.default.createDirectory(
            at: orphan.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data([2]).write(to: orphan)
        let size = bench.bytes
        cache = try bench.open(limit: size / 2)
        let isSwept = eventually {
            cache.waitForUpkeep()
            return !FileManager.default.fileExists(atPath: orphan.path) && cache.statistics.bytes <= size / 2
        }
        #expect(isSwept, "\(bench.log)")
        cache.store(8, of: content)
        #expect(cache.hasRight(8, of: content), "\(bench.log)")
        #expect(bench.log.count { $0.hasPrefix("warning") } == 1, "\(bench.log)")
        cache.shutDown()
        let error = #expect(throws: DiskCacheError.self) { try bench.clear() }
        #expect(error?.code == .index)
    }

    @Test("A folder that others may write is refused", arguments: ["777", "1777", "720"])
    func open(mode: String) throws {
        let bench = try CacheBench()
        try bench.open().shutDown()
        try Command.require(["chmod", mode, bench.path])
        let error = #expect(throws: DiskCacheError.self) { try bench.open().shutDown() }
        #expect(error?.code == .folder)
        #expect(error?.message.contains("others could change it") == true)
    }
}
