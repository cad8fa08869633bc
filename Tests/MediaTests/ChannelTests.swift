import Foundation
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("The channels that are asked for", .orderly)
struct ChannelTests {
    @Test(
        "A recording that can no longer be had in as many channels as it was fails once, and is had as it is then",
        arguments: [LibraryBench.Kind.voice, .unsealedVoice], [false, true])
    func refusedLater(kind: LibraryBench.Kind, isStreamed: Bool) throws {
        let bench = try LibraryBench(
            kind, size: 300_000, settings: { $0.idleFileLimit = 0 },
            behaviour: { $0.mediaRange = isStreamed ? .ignored : .honoured })
        defer { bench.shutDown() }
        // The simulator refuses two channels of what isn't in two.
        let sid = try #require(bench.simulator.manifest.keys.first)
        try bench.simulator.update(sid, fields: ["channels": 2])
        let resource = try bench.resource()
        let described = try bench.describe(resource)
        #expect(described.requestedChannels == 0)
        var values = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(described)) as? [String: Any])
        values["requestedChannels"] = 2
        let facts = try JSONDecoder().decode(MediaFacts.self, from: JSONSerialization.data(withJSONObject: values))
        do {
            let reader = try bench.open(resource, facts: facts)
            let error = #expect(throws: MediaError.self) { try bench.readAll(reader) }
            #expect(error?.sid == resource.sid)
        }
        #expect(bench.observer.hasNoted(.changed(resource.sid)))
        #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
    }
}
