import Foundation
import Glibc
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

@Suite("What the cache keeps", .orderly)
struct EvictionTests {
    private let bench: CacheBench

    init() throws {
        bench = try CacheBench()
    }

    /// What a block's file has beside its data, as the format is documented.
    private static func overhead(_ content: CacheContent) -> Int {
        32 + content.sid.utf8.count + content.entityTag.utf8.count + 8
    }

    @Test("What was used least recently goes first, also after a restart")
    func order() throws {
        let content = Pattern.content(0)
        let size = Int64(1000 + Self.overhead(content))
        func store(_ block: Int) { cache.store(Pattern.bytes(block, of: content, length: 1000), block, of: content) }
        var cache = try bench.open(limit: 4 * size)
        for block in 0..<4 { store(block) }
        #expect(cache.read(0, of: content, length: 1000) != nil)
        store(4)
        #expect(cache.blocks(of: content) == [0, 2, 3, 4])
        #expect(cache.read(2, of: content, length: 1000) != nil)
        cache.shutDown()
        cache = try bench.open(limit: 4 * size)
        store(5)
        #expect(cache.blocks(of: content) == [0, 2, 4, 5])
        store(6)
        #expect(cache.blocks(of: content) == [2, 4, 5, 6])
    }

    @Test("The limit is used to the last byte, and not exceeded by one")
    func exactLimit() throws {
        let content = Pattern.content(0)
        let size = Int64(5000 + Self.overhead(content))
        for (limit, kept) in [(3 * size, 3), (3 * size - 1, 2), (size, 1), (size - 1, 0)] {
            let cache = try bench.open(limit: limit)
            for block in 0..<5 { cache.store(Pattern.bytes(block, of: content, length: 5000), block, of: content) }
            #expect(cache.blocks(of: content).count == kept)
            #expect(try bench.bytesByFind() == Int64(kept) * size)
            #expect(cache.statistics.bytes == Int64(kept) * size)
            try bench.clear()
        }
    }

    @Test("A lower limit is kept soon after the start")
    func lowerLimit() throws {
        let content = Pattern.content(0)
        var cache = try bench.open()
        for block in 0..<1000 { cache.store(Pattern.bytes(block, of: content, length: 100), block, of: content) }
        #expect(cache.statistics.blocks == 1000)
        cache.shutDown()
        cache = try bench.open(limit: 50_000)
        cache.waitForUpkeep()
        let size = Int64(100 + Self.overhead(content))
        #expect(cache.statistics.blocks == Int(50_000 / size))
        #expect(try bench.bytesByFind() == 50_000 / size * size)
        #expect(cache.blocks(of: content).min() == 1000 - Int(50_000 / size), "the newest are kept")
    }

    @Test("Removing a recording, or all, removes its files and nothing else")
    func removing() throws {
        let cache = try bench.open()
        let contents = (0..<3).map { Pattern.content($0) }
        for content in contents { for block in 0..<300 { cache.store([1, 2, 3], block, of: content) } }
        cache.remove(sid: contents[1].sid)
        #expect(contents.map { cache.blocks(of: $0).count } == [300, 0, 300])
        #expect(bench.files.count == 600)
        #expect(cache.statistics.contents == 2)
        try bench.clear()
        #expect(bench.files == [])
        #expect(cache.statistics.bytes == 0)
        #expect(cache.statistics.contents == 0)
        #expect(cache.statistics.oldestUse == nil)
        cache.store([1], 0, of: contents[0])
        #expect(cache.blocks(of: contents[0]) == [0])
    }

    @Test("No folder has many files")
    func folders() throws {
        #expect(BlockFolder.idsInFolder < 10_000)
        let parent = try TemporaryFolder()
        let folder = try BlockFolder(path: parent.path("blocks"))
        for id in [1, BlockFolder.idsInFolder - 1, BlockFolder.idsInFolder, 1 << 40] {
            close(try folder.createTemporary(id))
            try folder.publish(id)
        }
        #expect(try folder.folders().sorted() == [0, 1, (1 << 40) / BlockFolder.idsInFolder])
        #expect(try folder.files(in: 0).compactMap(\.id).sorted() == [1, BlockFolder.idsInFolder - 1])
    }

    @Test("Hits and misses are counted")
    func counting() throws {
        let begun = Date()
        let cache = try bench.open(limit: 123_456)
        let content = Pattern.content(0)
        cache.store([1], 0, of: content)
        _ = cache.read(0, of: content, length: 1)
        _ = cache.read(0, of: content, length: 1)
        _ = cache.read(1, of: content, length: 1)
        let statistics = cache.statistics
        #expect(statistics.hits == 2)
        #expect(statistics.misses == 1)
        #expect(statistics.damaged == 0)
        #expect(statistics.limit == 123_456)
        #expect(statistics.pause == nil)
        let oldest = try #require(statistics.oldestUse)
        #expect(oldest.timeIntervalSince(begun) > -1 && oldest.timeIntervalSinceNow < 1)
    }

    @Test("Asking for the thousand blocks of a recording takes no longer than reading some of them")
    func listing() throws {
        let cache = try bench.open()
        let content = Pattern.content(0)
        for block in 0..<1024 { cache.store([1], block, of: content) }
        let duration = (0..<20).map { _ in
            ContinuousClock().measure { #expect(cache.blocks(of: content).count == 1024) }
        }.min()
        let reading = (0..<20).map { _ in
            ContinuousClock().measure {
                for block in 0..<100 { #expect(cache.read(block, of: content, length: 1) == [1]) }
            }
        }.min()
        #expect(try #require(duration) < #require(reading))
    }

    @Test("It does what a model does, whatever the order", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func model(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limit = Int64.random(in: 20_000...90_000, using: &random)
        var model = CacheModel(limit: limit)
        var cache = try bench.open(limit: limit)
        var hits = 0
        for step in 0..<400 {
            let content = Pattern.content(
                Int.random(in: 0..<4, using: &random),
                entityTag: Int.random(in: 0..<20, using: &random) == 0 ? "\"two\"" : "\"one\"")
            let block = Int.random(in: 0..<10, using: &random)
            let length = Int(Pattern.length(block, of: content) % 9000)
            switch Int.random(in: 0..<40, using: &random) {
            case 0:
                cache.remove(sid: content.sid)
                model.remove { $0.content.sid == content.sid }
            case 1:
                cache.shutDown()
                cache = try bench.open(limit: limit)
            case 2 where step % 5 == 0:
                try bench.clear()
                model.remove { _ in true }
            case ..<20:
                let expected = model.read(content, block)
                if expected { hits += 1 }
                let found = cache.read(block, of: content, length: length)
                #expect(found == (expected ? Pattern.bytes(block, of: content, length: length) : nil), "step \(step)")
                cache.waitIfStale(content, model)
                model.removeOthers(than: content)
            default:
                cache.store(Pattern.bytes(block, of: content, length: length), block, of: content)
                model.store(content, block, Int64(length + Self.overhead(content)))
                cache.waitIfStale(content, model)
                model.removeOthers(than: content)
            }
            #expect(cache.blocks(of: content) == model.blocks(of: content), "step \(step)")
            #expect(cache.statistics.bytes == model.bytes, "step \(step)")
            #expect(bench.bytes == model.bytes, "step \(step)")
        }
        #expect(hits > 10, "it is put to the test")
        #expect(try bench.bytesByFind() == model.bytes)
    }
}

extension DiskCache {
    /// Other contents of a recording are removed soon, not at once.
    fileprivate func waitIfStale(_ content: CacheContent, _ model: CacheModel) {
        if model.hasOthers(than: content) { waitForUpkeep() }
    }
}

/// What the cache should hold: a list, the least recently used first.
private struct CacheModel {
    struct Block {
        let content: CacheContent
        let number: Int
        let bytes: Int64
    }

    let limit: Int64
    private var list: [Block] = []

    init(limit: Int64) {
        self.limit = limit
    }

    var bytes: Int64 { list.reduce(0) { $0 + $1.bytes } }

    func blocks(of content: CacheContent) -> Set<Int> {
        Set(list.filter { $0.content == content }.map(\.number))
    }

    func hasOthers(than content: CacheContent) -> Bool {
        list.contains { $0.content.sid == content.sid && $0.content != content }
    }

    mutating func removeOthers(than content: CacheContent) {
        remove { $0.content.sid == content.sid && $0.content != content }
    }

    mutating func remove(where isMeant: (Block) -> Bool) {
        list.removeAll(where: isMeant)
    }

    mutating func read(_ content: CacheContent, _ number: Int) -> Bool {
        guard let index = list.firstIndex(where: { $0.content == content && $0.number == number }) else { return false }
        list.append(list.remove(at: index))
        return true
    }

    mutating func store(_ content: CacheContent, _ number: Int, _ bytes: Int64) {
        guard !blocks(of: content).contains(number), bytes <= limit else { return }
        while self.bytes + bytes > limit { list.removeFirst() }
        list.append(Block(content: content, number: number, bytes: bytes))
    }
}
