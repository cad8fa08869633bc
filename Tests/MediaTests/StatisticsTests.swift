import Foundation
import MetricsTestKit
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioSimulator

@testable import Media

extension LibraryBench {
    /// What a counter has counted, under all labels or under those with this value.
    fileprivate func count(_ name: String, _ label: String? = nil) -> Int64 {
        metrics.counters(label: "\(name)_total").filter { counter in
            label == nil || counter.dimensions.contains { $0.1 == label }
        }.map(\.totalValue).reduce(0, +)
    }
}

@Suite("What a library tells of itself", .orderly)
struct StatisticsTests {
    @Test("A file that is read counts: its bytes, its description, its verdict")
    func reading() throws {
        let bench = try LibraryBench(.voice, size: 300_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let before = bench.library.statistics
        #expect(bench.count("fetched_bytes") == 0 && bench.count("served_bytes") == 0)
        #expect(before.openFiles == 0 && before.memoryUsed == 0)
        #expect(before.memoryGranted == 256 << 20)
        let facts = try bench.describe(resource)
        #expect(bench.count("probes", "learnt") == 1)
        #expect(bench.library.statistics.runningDescriptions == 0)
        #expect(bench.count("fetched_bytes") == 32, "the one small request")
        let reader = try bench.open(resource, facts: facts)
        #expect(bench.library.statistics.openFiles == 1)
        #expect(try areSame(bench.readAll(reader), bench.original))
        let after = bench.library.statistics
        #expect(bench.count("served_bytes") == 300_000)
        // All that the media server sent, of which the tag came with the description.
        #expect(bench.count("fetched_bytes") == Int64(bench.mediaRequests.reduce(0) { $0 + $1.bodyBytes }))
        #expect(bench.count("verdicts", "verified") == 1 && bench.count("verdicts") == 1)
        #expect(bench.count("media_errors") == 0 && bench.count("disk_cache_read_bytes") == 0)
        #expect(after.waitingReads == 0)
        #expect(after.memoryUsed >= 300_000 && after.memoryUsed < after.memoryGranted)
        withExtendedLifetime(reader) {}
    }

    @Test("A read that waits is told, and a file is no longer open when it is closed")
    func waiting() throws {
        let bench = try LibraryBench(.voice, size: 2_000_000) { $0.integrityMode = .deferred }
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        var reader: MediaReader? = try bench.open(resource, facts: facts)
        bench.simulator.behaviour.latencyMilliseconds = 500
        let receiver = NotingReceiver()
        reader?.read(at: 0, count: 100_000, receiver: receiver)
        #expect(bench.library.statistics.waitingReads == 1)
        _ = try receiver.results.value().get()
        #expect(bench.library.statistics.waitingReads == 0)
        #expect(bench.count("served_bytes") == 100_000)
        reader = nil
        #expect(bench.library.statistics.openFiles == 0)
    }

    @Test("A forged file counts as doubted, then as failed, and its readers' errors by kind")
    func forged() throws {
        let bench = try LibraryBench(.voice, size: 50_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        bench.simulator.faults = [FaultRule(.corrupt(offset: 3, mask: 4), path: "*.wav")]
        let reader = try bench.open(resource, facts: facts)
        for _ in 0..<2 {
            #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: 0, count: 100) }
        }
        #expect(bench.count("verdicts", "doubted") == 1 && bench.count("verdicts", "failed") == 1)
        #expect(bench.count("verdicts", "verified") == 0)
        #expect(bench.library.statistics.waitingReads == 0)
        #expect(bench.count("media_errors", "authentication_failed") == 2 && bench.count("media_errors") == 2)
        #expect(bench.count("served_bytes") == 0)
    }

    @Test("A description that fails counts, and its error; one that is made ahead is nobody's error")
    func failedDescriptions() throws {
        let bench = try LibraryBench(.voice, size: 50_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        bench.simulator.faults = [FaultRule(.status(410), path: "*.wav")]
        #expect(throws: MediaError.self) { try bench.describe(resource) }
        let ahead = Awaited<Bool>()
        bench.library.describe(resource, priority: .readAhead) { _ in ahead.add(true) }
        _ = try ahead.value()
        #expect(bench.count("probes", "failed") == 2 && bench.count("probes", "learnt") == 0)
        #expect(bench.library.statistics.runningDescriptions == 0)
        #expect(bench.count("media_errors") == 1)
    }

    @Test("The size and the time of each fetch are measured, of blocks and of whole streams")
    func fetches() throws {
        for ranges in [Behaviour.RangeSupport.honoured, .ignored] {
            let bench = try LibraryBench(
                .voice, size: 300_000,
                behaviour: {
                    $0.voiceRange = ranges
                    $0.mediaRange = ranges
                })
            defer { bench.shutDown() }
            let reader = try bench.open(bench.resource())
            #expect(try areSame(bench.readAll(reader), bench.original))
            var (sizes, times): ([Double], [Int64]) = ([], [])
            // A moment after the last byte was read.
            _ = eventually {
                sizes = bench.metrics.recorders(label: "fetch_size_bytes").flatMap(\.values)
                times = bench.metrics.timers(label: "fetch_duration_seconds").flatMap(\.values)
                return sizes.reduce(0, +) >= 300_000 && sizes.count == times.count
            }
            #expect(sizes.reduce(0, +) >= 300_000 && sizes.count == times.count)
            #expect(times.allSatisfy { $0 > 0 })
        }
    }
}
