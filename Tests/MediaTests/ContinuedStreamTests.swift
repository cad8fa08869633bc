import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import Media

@Suite("Streams that go on", .orderly)
struct ContinuedStreamTests {
    @Test("A stream of everything that breaks off goes on with the rest alone, if the server honours ranges by then")
    func rest() throws {
        let bench = try LibraryBench(.voice, size: 2_000_000, behaviour: { $0.voiceRange = .ignored })
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let reader = try bench.open(resource, facts: facts)
        bench.simulator.clearRequests()
        bench.simulator.faults = [
            // Not the HEAD that may come first.
            FaultRule(.truncate(afterBytes: 500_000), method: "GET", count: 1), FaultRule(.status(503), method: "GET"),
        ]
        let receiver = NotingReceiver()
        reader.read(at: 0, count: 100_000, receiver: receiver)
        #expect(eventually { bench.mediaRequests.contains { $0.status == 503 } })
        bench.simulator.behaviour.voiceRange = .honoured
        bench.simulator.faults = []
        _ = try receiver.results.value().get()
        #expect(try areSame(bench.readAll(reader), bench.original))
        #expect(bench.mediaRequests.contains { $0.status == 206 })
    }

    @Test("Without room for a temporary file, media that is sent only as a whole can't be read, and the error says so")
    func noRoom() throws {
        let bench = try FakeNetworkBench(settings: {
            $0.integrityMode = .deferred
            $0.spoolFolder = "/nonexistent/folder"
        })
        bench.network.files[0].ignoresRanges = true
        let reader = try bench.open()
        for _ in 0..<2 {
            let error = #expect(throws: MediaError.self) { try bench.read(reader, 0..<1000) }
            #expect(error?.code == .storage && error?.message.contains("'/nonexistent/folder'") == true)
        }
        withExtendedLifetime(reader) {}
    }

    @Test("Reads at offsets that no file has get nothing, and end nothing")
    func extremes() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .deferred })
        let reader = try bench.open()
        for (offset, count) in [(Int64.max, 1 << 20), (Int64.max - 1, Int.max), (Int64.max - 1, 10), (5, -1)] {
            let receiver = NotingReceiver()
            reader.read(at: offset, count: count, receiver: receiver)
            let result = try #require(receiver.results.all.first)
            #expect(try result.get() == [])
        }
    }
}
