import Catalog
import Logging
import Sync
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Prefetching

@Suite("Probing sizes in the background", .orderly)
struct SizeProberTests {
    private static func prober(_ bench: TreeBench, delay: Duration = .milliseconds(1)) -> SizeProber {
        SizeProber(
            accounts: [(bench.catalog, bench.synchronizer)], library: bench.library, delay: delay,
            pause: .milliseconds(20), logger: .silent)
    }

    private static func listed(_ bench: TreeBench) throws {
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed(TwilioAPI.MediaKind.allCases) { results.add($0) }
        try results.value().get()
    }

    private static func unsized(_ bench: TreeBench) throws -> Int {
        try bench.catalog.unsized(of: .voiceRecording, after: 0, limit: 10_000).count
    }

    @Test("Every size is probed with one request, and so are those of recordings that come later")
    func all() throws {
        let bench = try TreeBench(generated: 300)
        defer { bench.shutDown() }
        let prober = Self.prober(bench)
        try prober.start()
        defer { prober.shutDown() }
        // Nothing is asked before the list is here.
        #expect(bench.simulator.requests.isEmpty)
        try Self.listed(bench)
        #expect(try eventually(within: 30) { try Self.unsized(bench) == 0 })
        let media = bench.simulator.requests.filter { $0.path.hasSuffix(".wav") }
        #expect(media.count == 300)
        #expect(Set(media.map(\.path)).count == 300)
        let totals = try bench.catalog.totals(of: .voiceRecording)
        #expect(
            totals.knownBytes == (0..<300).reduce(Int64(0)) { $0 + Int64(TwilioSimulator.generatedContent($1).count) })
        let sid = try bench.simulator.add(.recording)
        try bench.catalog.store(
            try ListedResource(kind: .voiceRecording, json: Array(#"{"sid":"\#(sid)","status":"completed"}"#.utf8)))
        #expect(eventually { bench.simulator.requests.contains { $0.path.contains(sid) } })
    }

    @Test("In a catalog that is made anew they are probed anew")
    func lostCatalog() throws {
        let bench = try TreeBench(generated: 60)
        defer { bench.shutDown() }
        let prober = Self.prober(bench)
        try prober.start()
        defer { prober.shutDown() }
        try Self.listed(bench)
        #expect(try eventually { try Self.unsized(bench) == 0 })
        let epoch = bench.catalog.epoch
        try bench.loseCatalog()
        // The first use notices the loss, and fails.
        #expect(eventually { (try? Self.unsized(bench)) != nil && bench.catalog.epoch > epoch })
        try Self.listed(bench)
        #expect(try bench.catalog.totals(of: .voiceRecording).count == 60)
        #expect(try eventually { try Self.unsized(bench) == 0 })
    }

    @Test("Nothing is probed before the delay has passed, nor after the end")
    func delay() throws {
        let bench = try TreeBench(generated: 50)
        defer { bench.shutDown() }
        let prober = Self.prober(bench, delay: .seconds(3600))
        try prober.start()
        try Self.listed(bench)
        #expect(!eventually(within: 0.5) { bench.simulator.requests.contains { $0.path.hasSuffix(".wav") } })
        prober.shutDown()
        #expect(try Self.unsized(bench) == 50)
    }
}
