import Foundation
import ModuleTestSupport
import TestSupport
import Testing
import Support
import Transfer
import TwilioSimulator

@testable import Media

@Suite("What a library tells of itself", .orderly)
struct StatisticsTests {
    @Test("A file that is read counts: its bytes, its description, its verdict")
    func reading() throws {
        let bench = try LibraryBench(.voice, size: 300_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let before = bench.library.statistics
        #expect(before.fetchedBytes == 0 && before.servedBytes == 0 && before.openFiles == 0 && before.memoryUsed == 0)
        #expect(before.memoryGranted == 256 << 20)
        let facts = try bench.describe(resource)
        #expect(bench.library.statistics.descriptions == 1)
        #expect(bench.library.statistics.runningDescriptions == 0)
        #expect(bench.library.statistics.fetchedBytes == 32, "the one small request")
        let reader = try bench.open(resource, facts: facts)
        #expect(bench.library.statistics.openFiles == 1)
        #expect(try areSame(bench.readAll(reader), bench.original))
        let after = bench.library.statistics
        #expect(after.servedBytes == 300_000)
        // All that the media server sent, of which the tag came with the description.
        #expect(after.fetchedBytes == Int64(bench.mediaRequests.reduce(0) { $0 + $1.bodyBytes }))
        #expect(after.verified == 1 && after.doubted == 0 && after.failed == 0)
        #expect(after.waitingReads == 0 && after.errors.isEmpty && after.diskCacheBytes == 0)
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
        #expect(bench.library.statistics.servedBytes == 100_000)
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
        let statistics = bench.library.statistics
        #expect(statistics.doubted == 1 && statistics.failed == 1 && statistics.verified == 0)
        #expect(statistics.errors == [.authenticationFailed: 2])
        #expect(statistics.servedBytes == 0)
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
        let statistics = bench.library.statistics
        #expect(statistics.failedDescriptions == 2 && statistics.descriptions == 0)
        #expect(statistics.runningDescriptions == 0)
        #expect(statistics.errors.values.reduce(0, +) == 1)
    }
}
