import Catalog
import Envelope
import ModuleTestSupport
import Support
import Sync
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree
@testable import Readability

@Suite("What can't be read", .orderly)
struct ReadabilityTests {
    private static let files: [String: [UInt8]] = [
        "recordings/a.wav": Array(repeating: 1, count: 1000), "compositions/b.mp4": Array(repeating: 2, count: 2000),
    ]

    @Test("While media stalls, a directory is listed after a while with what isn't known to be unreadable")
    func stalled() throws {
        let bench = try TreeBench(files: Self.files, listingPatience: .milliseconds(100))
        defer { bench.shutDown() }
        bench.simulator.faults = [
            FaultRule(.stall(afterBytes: 0), path: "*.wav"), FaultRule(.stall(afterBytes: 0), host: .media),
        ]
        try bench.readability?.start()
        for name in ["recordings", "compositions"] {
            let entries = try bench.list(bench.find(name).inode)
            #expect(entries.count == 3)
            // It may turn out to be unreadable.
            #expect(entries.last?.validity == Validity.short)
        }
        // Whoever asks later doesn't wait for a while of his own.
        let isAnswered = Locked(false)
        bench.readability?.whenSettled(account: 0) { isAnswered.withLock { $0 = true } }
        #expect(isAnswered.withLock { $0 })
    }

    @Test("What is known of voice is left out although video's media stalls")
    func otherKindStalls() throws {
        let bench = try TreeBench(files: Self.files, keys: KeyPair.other.ring(), listingPatience: .seconds(3600))
        defer { bench.shutDown() }
        bench.simulator.faults = [FaultRule(.stall(afterBytes: 0), host: .media)]
        let listed = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed(TwilioAPI.MediaKind.allCases) { listed.add($0) }
        try listed.value().get()
        try bench.readability?.start()
        #expect(try eventually { try bench.catalog.entries(of: .voiceRecording, after: 0, limit: 10).isEmpty })
        #expect(try bench.catalog.entries(of: .composition, after: 0, limit: 10).count == 1)
    }

    @Test("Video that the catalog doesn't know to be encrypted is known once it can't be opened")
    func earlierVersion() throws {
        let bench = try TreeBench(files: Self.files, keys: KeyRing([]))
        defer { bench.shutDown() }
        bench.simulator.behaviour.nullFields = ["encryption_key"]
        _ = try bench.list(bench.find("compositions").inode)
        let sid = try #require(SID(bench.sid("b.mp4")))
        let path = "compositions/\(sid).mp4"
        func isKnown() throws -> Bool { try bench.catalog.entry(of: sid)?.requirement != nil }
        _ = try bench.find(path)
        #expect(try eventually { try isKnown() })
        // What an earlier version has kept of it.
        let facts = try #require(try bench.catalog.media.facts(of: sid))
        try bench.catalog.media.learn([MediaLesson(sid, facts)])
        #expect(try !isKnown())
        #expect(throws: (any Error).self) { try bench.content(path) }
        #expect(try eventually { try isKnown() })
    }
}
