import Foundation
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

@Suite("On a full disk", .orderly, .enabled(if: SmallFileSystem.isPossible, SmallFileSystem.reason))
struct FullDiskTests {
    private let content = Pattern.content(1)
    private let block = [UInt8](repeating: 7, count: 1 << 20)

    /// Stores some blocks.
    private func store(_ blocks: Range<Int>, _ cache: DiskCache) {
        for number in blocks { cache.store(block, number, of: content) }
    }

    /// Whether all blocks that are held are read as they were stored.
    private func areRight(_ cache: DiskCache) -> Bool {
        let blocks = cache.blocks(of: content)
        return !blocks.isEmpty && blocks.allSatisfy { cache.read($0, of: content, length: block.count) == block }
    }

    private func checkGoesOn(_ cache: DiskCache, _ bench: CacheBench) throws {
        let goesOn = eventually {
            cache.store(block, 1000, of: content)
            return cache.read(1000, of: content, length: block.count) == block
        }
        #expect(goesOn, "\(bench.log)")
        #expect(cache.statistics.pause == nil)
        #expect(bench.log.filter { $0.hasPrefix("warning") }.count == 1, "\(bench.log)")
        #expect(bench.log.last == "notice: storing to the disk cache resumed")
        cache.waitForUpkeep()
        let found = try bench.bytesByFind()
        #expect(cache.statistics.bytes == found)
    }

    @Test("Caching stops with one line in the log, reads go on, and it goes on when there is room")
    func full() throws {
        let disk = try SmallFileSystem("size=12m")
        let bench = try CacheBench(path: disk.path + "/cache")
        let cache = try bench.open()
        try disk.fill(6 << 20)
        store(0..<20, cache)
        #expect((1..<7).contains(cache.blocks(of: content).count))
        #expect(areRight(cache))
        #expect(cache.statistics.pause != nil)
        disk.empty()
        try checkGoesOn(cache, bench)
    }

    @Test("So it is when the system says no only when it is asked for a file")
    func noFiles() throws {
        let disk = try SmallFileSystem("size=40m,nr_inodes=16")
        let bench = try CacheBench(path: disk.path + "/cache")
        let cache = try bench.open()
        store(0..<20, cache)
        #expect((1..<16).contains(cache.blocks(of: content).count))
        #expect(areRight(cache))
        #expect(cache.statistics.pause != nil)
        #expect(cache.statistics.bytes == (try bench.bytesByFind()))
        try disk.remount("nr_inodes=100")
        try checkGoesOn(cache, bench)
    }

    @Test("So it is when there is no room for the index")
    func noRoomForIndex() throws {
        let disk = try SmallFileSystem("size=12m")
        let bench = try CacheBench(path: disk.path + "/cache")
        let cache = try bench.open()
        store(0..<3, cache)
        try disk.fillUp(but: 40_000)
        for number in 100..<200 { cache.store([1, 2, 3], number, of: content) }
        #expect(cache.statistics.pause != nil)
        #expect((0..<3).allSatisfy { cache.read($0, of: content, length: block.count) == block })
        disk.empty()
        try checkGoesOn(cache, bench)
    }

    @Test("What others need is left free, and made free")
    func minimumFree() throws {
        let disk = try SmallFileSystem("size=24m")
        let bench = try CacheBench(path: disk.path + "/cache")
        let minimum: Int64 = 8 << 20
        let cache = try bench.open(minimumFree: minimum)
        for number in 0..<30 {
            cache.store(block, number, of: content)
            // The index needs some room, too.
            #expect(try disk.free > minimum - (1 << 20))
        }
        let held = cache.blocks(of: content).count
        #expect(held > 5)
        #expect(cache.statistics.pause != nil)
        try disk.fill(5 << 20)
        cache.waitForUpkeep()
        #expect(eventually { (try? disk.free) ?? 0 >= minimum })
        let kept = cache.blocks(of: content)
        #expect(
            (held - 7...held - 4).contains(kept.count), "not more than what is needed goes: \(kept.count) of \(held)")
        #expect(kept.contains(held - 1), "the newest stay")
        #expect(areRight(cache))
        disk.empty()
        try checkGoesOn(cache, bench)
    }

    @Test("It is opened later when there is no room for its index at the start")
    func fullFromStart() throws {
        let disk = try SmallFileSystem("size=12m")
        let bench = try CacheBench(path: disk.path + "/cache")
        try disk.fillUp(but: 0)
        let cache = try bench.open()
        store(0..<3, cache)
        #expect(cache.blocks(of: content) == [])
        #expect(cache.read(0, of: content, length: block.count) == nil)
        #expect(cache.statistics.pause != nil)
        disk.empty()
        #expect(
            eventually {
                cache.store(block, 0, of: content)
                return cache.read(0, of: content, length: block.count) == block
            })
        #expect(cache.statistics.pause == nil)
        #expect(bench.log.filter { $0.hasPrefix("warning") }.count == 1, "\(bench.log)")
        #expect(bench.log.filter { $0 == "notice: the disk cache is in use again" }.count == 1, "\(bench.log)")
    }
}
