import Catalog
import Foundation
import Media
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import FileTree
@testable import Prefetching

/// Notes the prefetches, and does nothing.
private final class NotingMedia: PrefetchableMedia {
    private struct State {
        var prefetched: [SID] = []
        var abandoned: [SID] = []
        var room = Int.max
    }

    private let state = Condition(State())

    var prefetched: [SID] { state.change { $0.prefetched } }
    var abandoned: [SID] { state.change { $0.abandoned } }

    /// How many more there is room for.
    func setRoom(_ room: Int) { state.change { $0.room = room } }

    /// Waits until files were prefetched.
    func hasPrefetched(_ sids: some Sequence<SID>) -> Bool {
        let sids = Set(sids)
        return state.waitUntil(timeout: .seconds(20)) { sids.isSubset(of: $0.prefetched) }
    }

    func hasAbandoned(_ sids: some Sequence<SID>) -> Bool {
        let sids = Set(sids)
        return state.waitUntil(timeout: .seconds(20)) { sids.isSubset(of: $0.abandoned) }
    }

    func provisionalSize(of sid: SID) -> Int64? { nil }

    func describe(
        _ resource: MediaResource, priority: Priority,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void
    ) {}

    func prefetch(_ resource: MediaResource, facts: MediaFacts?, integrity: Integrity?) -> Bool {
        state.change { state in
            guard state.room > 0 else { return false }
            state.room -= 1
            state.prefetched.append(resource.sid)
            return true
        }
    }

    func abandonPrefetch(of sids: [SID]) {
        state.change { $0.abandoned += sids }
    }
}

@Suite("Prefetching for programs", .orderly)
struct PrefetchTests {
    private static func mediaRequests(_ bench: TreeBench) -> [LoggedRequest] {
        bench.simulator.requests.filter { $0.host == .media || $0.path.hasSuffix(".wav") }
    }

    private static func names(_ bench: TreeBench, of directory: InodeNumber) throws -> [String] {
        try bench.list(directory).map(\.name).filter { $0.hasPrefix("RE") }
    }

    @Test("Listing a directory asks for no media")
    func listing() throws {
        let bench = try TreeBench(generated: 50)
        defer { bench.shutDown() }
        let entries = try bench.list(bench.find("recordings").inode)
        #expect(entries.count == 52)
        #expect(entries.dropFirst(2).allSatisfy { $0.attributes?.validity == 0 })
        #expect(Self.mediaRequests(bench).isEmpty)
    }

    @Test(
        "Of two hundred unknown sizes that are asked for in order, many are on their way at the same time",
        arguments: EntryOrder.allCases)
    func sizesInOrder(order: EntryOrder) throws {
        let bench = try TreeBench(generated: 200)
        defer { bench.shutDown() }
        let directory = try bench.find("recordings").inode
        let names = try Self.names(bench, of: directory)
        // Long enough to be looked at, and no longer than that.
        bench.simulator.behaviour.latencyMilliseconds = 1000
        let areManyOnTheirWay = Locked(false)
        let observer = try NamedThread(name: "observer") {
            let isSeen = eventually { Self.mediaRequests(bench).count { $0.status == nil } >= 8 }
            areManyOnTheirWay.withLock { $0 = isSeen }
            bench.simulator.behaviour.latencyMilliseconds = 0
        }
        defer { observer.join() }
        for name in order == .position ? names : names.sorted() {
            let size = try bench.attributes(bench.lookUp(name, in: directory).attributes.inode).size
            #expect(size == 16_044 || size == 32_044)
        }
        observer.join()
        #expect(areManyOnTheirWay.withLock { $0 })
        // Each is asked for once.
        let paths = Self.mediaRequests(bench).map(\.path)
        #expect(paths.count == 200)
        #expect(Set(paths).count == 200)
    }

    @Test("Sizes that are asked for in no order are asked for one by one")
    func sizesInNoOrder() throws {
        let bench = try TreeBench(generated: 200)
        defer { bench.shutDown() }
        let directory = try bench.find("recordings").inode
        let names = try Self.names(bench, of: directory)
        // No two of them are neighbours in any order: every tenth name, those that the listing has beside others left
        // out.
        let candidates = stride(from: 0, to: 200, by: 10).map { names.sorted()[$0] }
        let places = try candidates.map { try #require(names.firstIndex(of: $0)) }
        let chosen = candidates.indices.filter { index in !places.contains { abs($0 - places[index]) == 1 } }
        for index in chosen {
            _ = try bench.attributes(bench.lookUp(candidates[index], in: directory).attributes.inode)
        }
        #expect(chosen.count > 10)
        #expect(Self.mediaRequests(bench).count == chosen.count)
    }

    @Test(
        "Files that are read whole in order have those that follow prefetched, until one is skipped",
        arguments: EntryOrder.allCases)
    func readingInOrder(order: EntryOrder) throws {
        let media = NotingMedia()
        let bench = try TreeBench(generated: 60, prefetchable: media)
        defer { bench.shutDown() }
        let directory = try bench.find("recordings").inode
        let listed = try Self.names(bench, of: directory)
        let names = order == .position ? listed : listed.sorted()
        let sids = try names.map { try #require(SID($0.prefix(34))) }
        for index in 0..<5 { #expect(try !bench.content("recordings/\(names[index])").isEmpty) }
        #expect(media.hasPrefetched(sids[2..<15]))
        #expect(media.prefetched == Array(sids[2..<15]))
        _ = try bench.content("recordings/\(names[12])")
        #expect(media.hasAbandoned(sids[5..<12] + sids[13..<15]))
        #expect(media.abandoned.count == 9)
    }

    @Test("Without room, nothing is prefetched until the program goes on")
    func noRoom() throws {
        let media = NotingMedia()
        media.setRoom(2)
        let bench = try TreeBench(generated: 30, prefetchable: media)
        defer { bench.shutDown() }
        let names = try Self.names(bench, of: bench.find("recordings").inode)
        let sids = try names.map { try #require(SID($0.prefix(34))) }
        for index in 0..<3 { _ = try bench.content("recordings/\(names[index])") }
        #expect(media.hasPrefetched(sids[2..<4]))
        #expect(media.prefetched.count == 2)
        media.setRoom(100)
        _ = try bench.content("recordings/\(names[3])")
        #expect(media.hasPrefetched(sids[2..<12]))
    }

    @Test("Nothing is prefetched for a program that reads the beginning of each file")
    func heads() throws {
        let media = NotingMedia()
        let bench = try TreeBench(generated: 30, prefetchable: media)
        defer { bench.shutDown() }
        for name in try Self.names(bench, of: bench.find("recordings").inode).prefix(10) {
            let file = try bench.open(bench.find("recordings/\(name)").inode)
            #expect(try bench.read(file, count: 1000).count == 1000)
        }
        #expect(media.prefetched.isEmpty)
    }
}
