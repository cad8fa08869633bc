import ModuleTestSupport
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
}
