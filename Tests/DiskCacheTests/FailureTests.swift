import Foundation
import GRDB
import Glibc
import Support
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

@Suite("A cache in trouble", .orderly)
struct FailureTests {
    private let bench: CacheBench
    private let content = Pattern.content(1)

    init() throws {
        bench = try CacheBench()
    }

    /// That the cache works, and counts what there is.
    private func checkWorks(_ cache: DiskCache, _ bench: CacheBench, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let works = eventually {
            cache.store(40, of: content)
            return cache.hasRight(40, of: content)
        }
        #expect(works, "\(bench.log)", sourceLocation: sourceLocation)
        cache.waitForUpkeep()
        let found = try bench.bytesByFind()
        #expect(cache.statistics.bytes == found, sourceLocation: sourceLocation)
        #expect(
            !bench.files.contains { $0.hasSuffix(".tmp") || $0.contains("discarded") }, sourceLocation: sourceLocation)
    }

    private func warnings(_ bench: CacheBench) -> [String] { bench.log.filter { $0.hasPrefix("warning") } }

    // MARK: The index

    @Test("With its index deleted between two starts it begins anew, and no file is left")
    func deletedIndex() throws {
        var cache = try bench.open()
        for block in 0..<5 { cache.store(block, of: content) }
        cache.shutDown()
        #expect(unlink(bench.index) == 0)
        cache = try bench.open()
        for block in 0..<5 { #expect(!cache.hasRight(block, of: content)) }
        try checkWorks(cache, bench)
        #expect(cache.statistics.blocks == 1)
    }

    @Test(
        "What isn't the cache's own in its store is named when it begins anew",
        arguments: [
            ("owners", "rm -rf owners; mkfifo owners", "is a FIFO, not a folder"),
            ("blocks", "rm -rf blocks; ln -s nothing blocks", "is a symbolic link, not a folder"),
            ("index.sqlite", "chmod 666 index.sqlite", "has mode 0666, so that others could change it"),
        ])
    func foreignPart(name: String, change: String, fact: String) throws {
        try bench.open().shutDown()
        try Command.shell(change, directory: bench.path + "/store")
        let cache = try bench.open()
        try #require(warnings(bench).count == 1, "\(bench.log)")
        #expect(warnings(bench)[0].contains("can't be used ('\(bench.path)/store/\(name)' "))
        #expect(warnings(bench)[0].contains(fact), "\(bench.log)")
        try checkWorks(cache, bench)
    }

    @Test(
        "Something else in the place of its folder is named, with what to do",
        arguments: [
            ("mkfifo cache", "a FIFO"), ("ln -s / cache", "a symbolic link"),
            ("ln -s nothing cache", "a symbolic link"),
        ])
    func foreignFolder(change: String, type: String) throws {
        let folder = try TemporaryFolder()
        try Command.shell(change, directory: folder.url.path)
        let path = folder.path("cache")
        let error = #expect(throws: DiskCacheError.self) { try CacheBench(path: path).open() }
        #expect(error?.message == "the cache's folder can't be used: '\(path)' is \(type), not a folder: remove it")
    }

    @Test("A store that was set aside is removed before anything is stored")
    func waitsForDiscarded() throws {
        let cache = try bench.open()
        for block in 0..<3 { cache.store(block, of: content) }
        cache.shutDown()
        #expect(try OpenStore.open(bench.path).mayStore)
        #expect(unlink(bench.index) == 0)
        let store = try OpenStore.open(bench.path)
        #expect(!store.mayStore)
        #expect(try !OpenStore.open(bench.path).mayStore, "nor by another process")
        #expect(bench.files.count == 3)
        _ = try Sweep(store: store) { false }.run()
        #expect(store.mayStore)
        #expect(bench.files == [])
    }

    @Test("Until the files are gone of which an index was lost, nothing comes on top of them")
    func nothingOnTop() throws {
        var cache = try bench.open(limit: 1_000_000)
        for block in 0..<30 { cache.store(Pattern.bytes(block, of: content, length: 30_000), block, of: content) }
        cache.shutDown()
        #expect(unlink(bench.index) == 0)
        cache = try bench.open(limit: 1_000_000)
        for block in 0..<30 {
            cache.store(Pattern.bytes(block, of: content, length: 30_000), block, of: content)
            #expect(bench.bytes <= 1_000_000)
        }
        try checkWorks(cache, bench)
    }

    @Test("With its index damaged between two starts it works on, with right bytes", arguments: 0..<24)
    func damagedIndex(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var cache = try bench.open()
        for block in 0..<30 { cache.store(Pattern.bytes(block, of: content, length: 500), block, of: content) }
        cache.shutDown()
        var data = try Data(contentsOf: URL(filePath: bench.index))
        switch seed % 4 {
        case 0: data.removeLast(Int.random(in: 1..<data.count, using: &random))
        case 1: data = Data(Pattern.bytes(seed, of: content, length: data.count))
        case 2:
            let place = Int.random(in: 0..<data.count - 500, using: &random)
            data.replaceSubrange(place..<place + 500, with: Pattern.bytes(seed, of: content, length: 500))
        default:
            for _ in 0..<20 { data[Int.random(in: 0..<data.count, using: &random)] ^= 1 << (seed % 8) }
        }
        try data.write(to: URL(filePath: bench.index))
        cache = try bench.open()
        for block in 0..<30 {
            let bytes = cache.read(block, of: content, length: 500)
            #expect(bytes == nil || bytes == Pattern.bytes(block, of: content, length: 500))
        }
        try checkWorks(cache, bench)
    }

    @Test("With an index of another version it begins anew")
    func foreignIndex() throws {
        var cache = try bench.open()
        cache.store(0, of: content)
        cache.shutDown()
        try DatabaseQueue(path: bench.index).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        #expect(bench.log == [])
        cache = try bench.open()
        #expect(bench.log.count { $0.contains("it starts empty") } == 1, "\(bench.log)")
        #expect(!cache.hasRight(0, of: content))
        try checkWorks(cache, bench)
    }

    @Test("With its index damaged while it is in use it says so once, and works on")
    func damagedInUse() throws {
        let cache = try bench.open()
        for block in 0..<30 { cache.store(Pattern.bytes(block, of: content, length: 500), block, of: content) }
        for name in [bench.index, bench.index + "-wal"] {
            let size = try Data(contentsOf: URL(filePath: name)).count
            let file = try FileHandle(forWritingTo: URL(filePath: name))
            try file.write(contentsOf: Pattern.bytes(0, of: content, length: size))
            try file.close()
        }
        for block in 0..<30 {
            let bytes = cache.read(block, of: content, length: 500)
            #expect(bytes == nil || bytes == Pattern.bytes(block, of: content, length: 500))
            cache.store(block + 100, of: content)
        }
        try checkWorks(cache, bench)
        #expect(warnings(bench).filter { $0.contains("index") }.count <= 1, "\(bench.log)")
    }

    @Test("With its index locked by another process reads go on, and storing pauses")
    func lockedIndex() throws {
        let cache = try bench.open()
        cache.store(0, of: content)
        var configuration = Configuration()
        // The upkeep may be writing.
        configuration.busyMode = .timeout(10)
        try DatabaseQueue(path: bench.index, configuration: configuration).inDatabase { database in
            try database.execute(sql: "BEGIN EXCLUSIVE")
            for block in 1..<20 { cache.store(block, of: content) }
            #expect(cache.hasRight(0, of: content))
            #expect(!cache.hasRight(1, of: content))
            #expect(cache.statistics.pause != nil)
            #expect(bench.files.count == 1)
            try database.execute(sql: "ROLLBACK")
        }
        try checkWorks(cache, bench)
        #expect(cache.statistics.pause == nil)
        #expect(warnings(bench).count == 1, "\(bench.log)")
        #expect(bench.log.last { $0.hasPrefix("notice") } == "notice: storing to the disk cache resumed")
    }

    // MARK: The files

    @Test(
        "What is left of a kill is removed in the background: temporaries, files that are nobody's, rows without a file"
    )
    func leftovers() throws {
        var cache = try bench.open()
        for block in 0..<5 { cache.store(block, of: content) }
        cache.shutDown()
        let folder = URL(filePath: bench.files[0]).deletingLastPathComponent().path
        #expect(unlink("\(folder)/1") == 0)
        try Command.shell(#"echo x >"$1/77"; echo y >"$1/78.tmp"; echo z >"$1/2.tmp"; echo z >"$1/name""#, folder)
        // A reservation of a process that is no more.
        try DatabaseQueue(path: bench.index).write { database in
            try database.execute(
                sql: """
                    INSERT INTO reservation (id, content, number, bytes, owner) VALUES (90, 1, 90, 1000, 'gone');
                    INSERT INTO reservation (id, content, number, bytes, owner) VALUES (91, 1, 91, 1000, 'gone')
                    """)
        }
        try Command.shell(#"echo x >"$1/90"; echo y >"$1/91.tmp""#, folder)
        cache = try bench.open()
        cache.waitForUpkeep()
        #expect(bench.files.map { URL(filePath: $0).lastPathComponent }.sorted() == ["2", "3", "4", "5"])
        #expect(cache.blocks(of: content) == [1, 2, 3, 4])
        try checkWorks(cache, bench)
    }

    @Test("A block whose file was removed by hand is a miss, and can be stored again")
    func removedFile() throws {
        let cache = try bench.open(interval: .seconds(100))
        cache.store(0, of: content)
        #expect(unlink(try bench.onlyFile()) == 0)
        #expect(!cache.hasRight(0, of: content))
        #expect(cache.blocks(of: content) == [])
        #expect(cache.statistics.damaged == 0)
        try checkWorks(cache, bench)
    }

    @Test("When all of its folder is removed while it is in use it begins anew")
    func removedFolder() throws {
        let cache = try bench.open()
        cache.store(0, of: content)
        // The cache may write into it meanwhile.
        try Command.shell("until rm -rf \"$1\" 2>/dev/null; do :; done", bench.path, seconds: 20)
        #expect(!cache.hasRight(0, of: content))
        cache.store(1, of: content)
        try checkWorks(cache, bench)
    }

    @Test("After a restart of the machine it is swept before anything is stored")
    func otherBoot() throws {
        var cache = try bench.open(limit: 100_000)
        for block in 0..<3 { cache.store(Pattern.bytes(block, of: content, length: 30_000), block, of: content) }
        cache.shutDown()
        // As after a power failure that has taken the last transactions, but not the files.
        try DatabaseQueue(path: bench.index).write { database in
            try database.execute(sql: "DELETE FROM block; UPDATE setting SET value = 'before' WHERE name = 'boot'")
        }
        #expect(bench.files.count == 3)
        #expect(try !OpenStore.open(bench.path).mayStore)
        cache = try bench.open(limit: 100_000, isSwept: false)
        for block in 10..<40 {
            cache.store(Pattern.bytes(block, of: content, length: 30_000), block, of: content)
            #expect(bench.bytes <= 100_000)
        }
        try checkWorks(cache, bench)
    }

    @Test("After a restart of the machine an index that is damaged without SQLite's noticing is made anew")
    func damagedByPowerFailure() throws {
        var cache = try bench.open()
        for block in 0..<30 { cache.store(Pattern.bytes(block, of: content, length: 500), block, of: content) }
        cache.shutDown()
        // Some pages have reached the disk and others haven't: SQL's index lacks what the table has. SQLite doesn't
        // keep it up to date while the schema doesn't mention it.
        try DatabaseQueue(path: bench.index).write { database in
            try database.execute(
                sql: """
                    CREATE TEMP TABLE kept AS SELECT * FROM sqlite_master WHERE name = 'block_by_use';
                    PRAGMA writable_schema = ON;
                    DELETE FROM sqlite_master WHERE name = 'block_by_use';
                    PRAGMA writable_schema = RESET;
                    UPDATE block SET used = used + 1;
                    UPDATE setting SET value = 'before' WHERE name = 'boot';
                    PRAGMA writable_schema = ON;
                    INSERT INTO sqlite_master SELECT * FROM kept
                    """)
        }
        try DatabaseQueue(path: bench.index).write { database in
            let answer = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
            #expect(answer != "ok")
        }
        cache = try bench.open()
        #expect(eventually { bench.log.contains { $0.contains("damaged") } }, "\(bench.log)")
        try checkWorks(cache, bench)
    }

    @Test("A folder that can't be made is said when it is opened")
    func impossibleFolder() throws {
        let folder = try TemporaryFolder()
        try folder.file("file", "")
        for path in [folder.path("file"), folder.path("file/cache"), "/proc/cache"] {
            let error = #expect(throws: DiskCacheError.self) { try CacheBench(path: path).open() }
            #expect(error?.code == .folder)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test(
        "When its folder can't be written to any more reads go on",
        .enabled(if: SmallFileSystem.isPossible, SmallFileSystem.reason))
    func readOnly() throws {
        let cache = try bench.open()
        cache.store(0, of: content)
        // Its files alone: a file system on which the index is open for writing can't be made read-only.
        let files = URL(filePath: try bench.onlyFile()).deletingLastPathComponent().path
        try Command.shell(#"mount --bind "$1" "$1"; mount -o remount,bind,ro "$1""#, files)
        defer { umount2(files, 2 /* MNT_DETACH */) }
        for block in 0..<5 { cache.store(block, of: content) }
        cache.remove(sid: content.sid)
        #expect(cache.hasRight(0, of: content))
        #expect(cache.statistics.pause != nil)
        cache.waitForUpkeep()
        #expect(warnings(bench).count == 1, "\(bench.log)")
        umount2(files, 2 /* MNT_DETACH */)
        try checkWorks(cache, bench)
    }

    @Test(
        "On a file system that can't be written to from the start it isn't opened",
        .enabled(if: SmallFileSystem.isPossible, SmallFileSystem.reason))
    func readOnlyFromStart() throws {
        let disk = try SmallFileSystem("size=20m")
        let bench = try CacheBench(path: disk.path + "/cache")
        try disk.remount("ro")
        let error = #expect(throws: DiskCacheError.self) { try bench.open() }
        #expect(error?.code == .folder)
    }
}
