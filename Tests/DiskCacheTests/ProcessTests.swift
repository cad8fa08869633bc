import Foundation
import Glibc
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

@Suite("Several processes on one folder, and their deaths", .orderly)
struct ProcessTests {
    private let bench: CacheBench
    private let limit: Int64 = 3_000_000

    init() throws {
        bench = try CacheBench()
    }

    /// A process that uses the cache; it does when this returns.
    private func start(seed: Int) throws -> RunningCommand {
        let program = try RunningCommand([BuiltPrograms.cacheExerciser, "use", bench.path, "\(limit)", "\(seed)"])
        try #require(eventually(within: 20) { program.output.count >= 6 }, "\(program.errorText)")
        return program
    }

    /// That every block is right or missing, and that what is there is what counts.
    private func check(_ round: Int) throws {
        #expect(bench.bytes <= limit, "round \(round)")
        let cache = try bench.open(limit: limit)
        var hits = 0
        for content in (0..<4).map({ Pattern.content($0) }) {
            for block in cache.blocks(of: content) where cache.hasRight(block, of: content) { hits += 1 }
        }
        #expect(cache.statistics.damaged == 0, "a kill damages nothing: round \(round)")
        cache.waitForUpkeep()
        let found = try bench.bytesByFind()
        #expect(cache.statistics.bytes == found, "round \(round)")
        #expect(bench.files.count == cache.statistics.blocks, "round \(round)")
        #expect(hits == cache.statistics.blocks, "round \(round)")
        cache.shutDown()
    }

    @Test("Killed at any moment, it leaves right blocks, and counts what it left")
    func kills() throws {
        var random = SeededGenerator(seed: 4711)
        for round in 0..<12 {
            let programs = try (0..<(round % 2 + 1)).map { try start(seed: round * 10 + $0) }
            usleep(.random(in: 0..<60_000, using: &random))
            for program in programs {
                program.send(SIGKILL)
                #expect(try program.wait().end == .killed(SIGKILL), "it had not ended by itself")
            }
            try check(round)
        }
    }

    @Test("One that is killed while another goes on leaves nothing that counts for ever")
    func killBesideAnother() throws {
        let cache = try bench.open(limit: limit)
        for round in 0..<4 {
            let program = try start(seed: 100 + round)
            usleep(40_000)
            program.send(SIGKILL)
            _ = try program.wait()
        }
        let isGivenBack = try eventually {
            let reserved = try BlockIndex(path: bench.index, patience: .seconds(1)).owners()
            return reserved.isEmpty
        }
        #expect(isGivenBack, "reservations are given back without a restart")
        // A kill may come between the removal of a block's file and that of its row.
        let isExact = try eventually { try bench.bytesByFind() == cache.statistics.bytes }
        #expect(isExact, "what is there is what counts")
    }

    @Test("The limit holds at every moment, with two that store as fast as they can")
    func limitUnderLoad() throws {
        let programs = [try start(seed: 1), try start(seed: 2)]
        var highest: Int64 = 0
        var samples = 0
        // As long as it takes to put the limit to the test, however slow the machine is.
        let (least, most) = (ContinuousClock.now + .seconds(1.5), ContinuousClock.now + .seconds(60))
        while ContinuousClock.now < least
            || (samples <= 20 || highest <= limit * 8 / 10) && ContinuousClock.now < most
        {
            usleep(3000)
            // Stopped, so that what is listed has been there at one moment.
            for program in programs { program.send(SIGSTOP) }
            for program in programs {
                #expect(eventually { Self.isStopped(program.processID) })
            }
            let sum = bench.bytes
            for program in programs { program.send(SIGCONT) }
            #expect(sum <= limit)
            highest = max(highest, sum)
            samples += 1
        }
        #expect(samples > 20)
        #expect(highest > limit * 8 / 10, "the limit is put to the test")
        for program in programs {
            #expect(program.isRunning, "\(program.errorText)")
            program.send(SIGKILL)
            _ = try program.wait()
        }
        try check(0)
    }

    @Test("What one stores the other reads, and what one removes the other misses")
    func sharing() throws {
        let content = Pattern.content(9)
        let first = try bench.open()
        let second = try bench.open()
        first.store(1, of: content)
        #expect(second.hasRight(1, of: content))
        second.remove(sid: content.sid)
        #expect(!first.hasRight(1, of: content))
        #expect(first.statistics.bytes == 0)
        first.shutDown()
        second.store(2, of: content)
        #expect(second.hasRight(2, of: content))
    }

    @Test("From outside it is looked at and emptied while it is in use")
    func fromOutside() throws {
        let folder = DiskCache.Folder(path: bench.path)
        #expect(try folder.statistics() == CacheStatistics(), "nothing is made by looking")
        #expect(!FileManager.default.fileExists(atPath: bench.path))
        let cache = try bench.open(limit: 777_777)
        for block in 0..<5 { cache.store([1, 2, 3], block, of: Pattern.content(0)) }
        cache.waitForUpkeep()
        let statistics = try folder.statistics()
        #expect(statistics.blocks == 5)
        #expect(statistics.bytes == (try bench.bytesByFind()))
        #expect(statistics.limit == 777_777)
        try folder.clear()
        #expect(bench.files == [])
        #expect(cache.read(0, of: Pattern.content(0), length: 3) == nil)
        cache.store([4], 0, of: Pattern.content(0))
        #expect(cache.read(0, of: Pattern.content(0), length: 1) == [4])
    }

    @Test("What is being written while it is emptied isn't kept, and counts until it is gone")
    func emptiedWhileWriting() throws {
        let store = try OpenStore.open(bench.path)
        let place = BlockPlace(content: Pattern.content(0), number: 0)
        guard case .reserved(let id, _) = try store.reserve(place, bytes: 100, limit: 1000) else {
            throw CommandError("no room")
        }
        #expect(try store.index.statistics().bytes == 100)
        close(try store.files.createTemporary(id))
        try DiskCache.Folder(path: bench.path).clear()
        #expect(try store.index.statistics().bytes == 100)
        #expect(bench.files.count == 1, "its writer lives")
        try store.files.publish(id)
        try store.index.commit(id, time: 1, files: store.files)
        #expect(bench.files == [])
        #expect(try store.index.statistics().bytes == 0)
        #expect(try store.index.blocks(of: place.content) == [])
    }

    private static func isStopped(_ process: Int32) -> Bool {
        ProcessFiles(process).status("State")?.hasPrefix("T") == true
    }
}
