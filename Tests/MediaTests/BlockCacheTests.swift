import Foundation
import MetricsTestKit
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Media

/// A cache in memory.
private final class MemoryCache: BlockCache {
    private struct State {
        var units: [CachedContent: [Int: [UInt8]]] = [:]
        var removals = 0
    }

    private let state = Locked(State())

    /// Whether it has lost the units that it announces.
    let isLossy = Locked(false)

    var contents: Set<CachedContent> { state.withLock { Set($0.units.keys) } }

    var removals: Int { state.withLock { $0.removals } }

    func bytes(of unit: Int) -> [UInt8]? { state.withLock { $0.units.values.first?[unit] } }

    func units(of content: CachedContent) -> Set<Int> {
        state.withLock { Set($0.units[content]?.keys.map { $0 } ?? []) }
    }

    func readUnit(_ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        guard !isLossy.withLock({ $0 }), let bytes = state.withLock({ $0.units[content]?[index] }),
            buffers.reduce(0, { $0 + $1.count }) == bytes.count
        else { return false }
        var rest = bytes[...]
        for buffer in buffers {
            buffer.copyBytes(from: rest.prefix(buffer.count))
            rest = rest.dropFirst(buffer.count)
        }
        return true
    }

    func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer]) {
        let bytes = buffers.flatMap { Array($0) }
        state.withLock { $0.units[content, default: [:]][index] = bytes }
    }

    func removeUnits(ofRecording sid: String) {
        state.withLock { state in
            state.units = state.units.filter { $0.key.sid != sid }
            state.removals += 1
        }
    }
}

@Suite("A cache of ciphertext behind a library", .orderly)
struct BlockCacheTests {
    private static let size = 2_500_000

    /// Another library of the same account, with the same cache.
    private static func library(
        _ bench: LibraryBench, _ cache: MemoryCache, _ metrics: TestMetrics = TestMetrics()
    ) throws -> MediaLibrary {
        try MediaLibrary(
            clients: TwilioClients(main: bench.client), transfer: bench.transfer, keys: KeyPair.shared.ring(),
            diskCache: cache,
            configuration: MediaLibrary.Configuration(spoolFolder: bench.folder.url.path, threadCount: 1),
            observer: NotingObserver(), metrics: metrics, logger: .silent)
    }

    private static func open(
        _ library: MediaLibrary, _ resource: MediaResource, _ facts: MediaFacts
    ) throws -> MediaReader {
        let results = Awaited<Result<MediaReader, MediaError>>()
        library.open(resource, facts: facts) { results.add($0) }
        return try results.value().get()
    }

    /// Reads a file whole, so that all of its units are stored.
    private static func fill(
        _ cache: MemoryCache, _ bench: LibraryBench, _ resource: MediaResource, _ facts: MediaFacts
    ) throws {
        #expect(try areSame(bench.readAll(bench.open(resource, facts: facts)), bench.original))
        try wait(until: "all units are stored") {
            cache.contents.first.map { cache.units(of: $0) } == [0, 1, 2]
        }
    }

    @Test(
        "What was fetched once is read from the cache by the next mount, in any order and without a request",
        arguments: LibraryBench.Kind.allCases.filter(\.isSealed))
    func kept(kind: LibraryBench.Kind) throws {
        let cache = MemoryCache()
        let bench = try LibraryBench(kind, size: Self.size, diskCache: cache)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        try Self.fill(cache, bench, resource, facts)
        let content = try #require(cache.contents.first)
        #expect(cache.contents.count == 1 && content.sid == resource.sid.description)
        #expect(content.size == facts.ciphertextSize)
        #expect(cache.bytes(of: 1)?.count == (1 << 20) + Block.prefixSize)
        if kind == .track || kind == .composition {
            // CBC needs the block before.
            #expect(cache.bytes(of: 0)?.suffix(Block.prefixSize) == cache.bytes(of: 1)?.prefix(Block.prefixSize))
        }
        // What isn't needed isn't what the memory was used for before.
        for unit in kind == .voice ? 0..<3 : 0..<1 {
            #expect(cache.bytes(of: unit)?.prefix(Block.prefixSize).allSatisfy { $0 == 0 } == true)
        }

        let metrics = TestMetrics()
        let library = try Self.library(bench, cache, metrics)
        defer {
            bench.transfer.shutDown()
            library.shutDown()
        }
        bench.simulator.clearRequests()
        let reader = try Self.open(library, resource, facts)
        for offset in [1 << 20, 2_400_000, 0] {
            let bytes = try reader.read(at: Int64(offset), count: 1000)
            #expect(areSame(bytes, bench.original[offset..<(offset + 1000)]))
        }
        #expect(try areSame(bench.readAll(reader), bench.original))
        #expect(bench.mediaRequests.isEmpty)
        #expect(metrics.counterTotal(label: "disk_cache_read_bytes_total") >= Int64(Self.size))
    }

    @Test("Media that isn't encrypted is cached nowhere", arguments: LibraryBench.Kind.allCases.filter { !$0.isSealed })
    func unsealed(kind: LibraryBench.Kind) throws {
        let cache = MemoryCache()
        do {
            let bench = try LibraryBench(kind, size: Self.size, diskCache: cache)
            defer { bench.shutDown() }
            let resource = try bench.resource()
            #expect(try areSame(bench.readAll(bench.open(resource, facts: bench.describe(resource))), bench.original))
        }
        #expect(cache.contents.isEmpty)
    }

    @Test("A unit is stored under the name of the content that its bytes belong to, whatever was learnt since")
    func identity() throws {
        let cache = FakeCache()
        let bench = try FakeNetworkBench(diskCache: cache)
        let reader = try bench.open()
        let content = try #require(bench.file?.content.state.withLock { $0.content.value })
        let known = try #require(bench.file?.known)
        let units = UnitCache(known: known, content: content)
        let memory = try #require(bench.services.memory.take(3, for: .reader))
        let blocks = memory.enumerated().map { index, memory in
            Block(
                index: index, byteCount: min(Block.size, Int(content.contentSize) - index * Block.size), memory: memory)
        }
        // A description that is under way replaces the facts.
        known.doubt()
        units.store(blocks, asUnit: 0) { true }
        bench.work()
        let stored = try #require(content.facts?.entityTag)
        #expect(units.units == [0] && cache.contents.map(\.entityTag).allSatisfy { $0.hasPrefix(stored) })
        withExtendedLifetime(reader) {}
    }

    @Test("Units that the cache has lost come from the server")
    func lost() throws {
        let cache = MemoryCache()
        let bench = try LibraryBench(.track, size: Self.size, diskCache: cache)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        try Self.fill(cache, bench, resource, facts)
        let metrics = TestMetrics()
        let library = try Self.library(bench, cache, metrics)
        defer {
            bench.transfer.shutDown()
            library.shutDown()
        }
        cache.isLossy.withLock { $0 = true }
        bench.simulator.clearRequests()
        #expect(try areSame(bench.readAll(Self.open(library, resource, facts)), bench.original))
        #expect(!bench.mediaRequests.isEmpty)
        #expect(metrics.counterTotal(label: "disk_cache_read_bytes_total") == 0)
    }

    @Test("Units of media that has changed are removed")
    func changed() throws {
        let cache = MemoryCache()
        let bench = try LibraryBench(.composition, size: Self.size, diskCache: cache)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        try Self.fill(cache, bench, resource, facts)
        let library = try Self.library(bench, cache)
        defer {
            bench.transfer.shutDown()
            library.shutDown()
        }
        cache.isLossy.withLock { $0 = true }
        bench.simulator.faults = [FaultRule(.changeETag)]
        let reader = try Self.open(library, resource, facts)
        let error = #expect(throws: MediaError.self) { try reader.read(at: 0, count: 10) }
        #expect(error?.code == .changed)
        try wait(until: "its units are removed") { cache.removals > 0 && cache.contents.isEmpty }
    }
}
