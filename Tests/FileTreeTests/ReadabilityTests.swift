import Catalog
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("What can't be read", .orderly)
struct ReadabilityTests {
    private static let files: [String: [UInt8]] = [
        "recordings/a.wav": Array(repeating: 1, count: 1000), "compositions/b.mp4": Array(repeating: 2, count: 2000),
    ]

    @Test("Video that the catalog doesn't know to be encrypted is known once it can't be opened")
    func earlierVersion() throws {
        let bench = try TreeBench(files: Self.files, holdsKey: false)
        defer { bench.shutDown() }
        bench.simulator.behaviour.nullFields = ["encryption_key"]
        _ = try bench.list(bench.find("compositions").inode)
        let sid = try #require(SID(bench.sid("b.mp4")))
        let path = "compositions/\(sid).mp4"
        func isKnown() throws -> Bool { try bench.catalog.entry(of: sid)?.requirement != nil }
        _ = try bench.find(path)
        #expect(try eventually { try isKnown() })
        // What an earlier version has kept of it.
        let facts = try #require(try bench.catalog.mediaFacts(of: sid))
        try bench.catalog.learn([MediaLesson(sid, facts)])
        #expect(try !isKnown())
        #expect(throws: (any Error).self) { try bench.content(path) }
        #expect(try eventually { try isKnown() })
    }
}
