import Foundation
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("Learning sizes at little cost", .orderly)
struct ProbeTests {
    private func withBench(
        generated: Int, _ behaviour: (inout Behaviour) -> Void, _ body: (LibraryBench) throws -> Void
    ) throws {
        let bench = try LibraryBench(.unsealedVoice, size: 10_000, generated: generated, behaviour: behaviour)
        defer { bench.shutDown() }
        try body(bench)
    }

    /// Describes recordings one after the other and compares their sizes.
    private func describe(_ resources: some Sequence<MediaResource>, _ bench: LibraryBench) throws {
        let numbers = Dictionary(uniqueKeysWithValues: (0..<50).map { (TwilioSimulator.generatedSID($0), $0) })
        for resource in resources {
            let size = numbers[resource.sid.description].map { TwilioSimulator.generatedContent($0).count } ?? 10_000
            #expect(try bench.describe(resource).plaintextSize == Int64(size))
        }
    }

    /// Describes the first recording, and waits for the one check of HEAD that follows.
    ///
    /// - Returns: the recordings that are left.
    private func describeFirst(_ bench: LibraryBench) throws -> ArraySlice<MediaResource> {
        let resources = try bench.voiceResources()
        try describe(resources.prefix(1), bench)
        try wait(until: "HEAD is answered") {
            bench.simulator.requests.contains { $0.method == "HEAD" && $0.status != nil }
        }
        // The library learns it a moment later, and gives no sign.
        usleep(200_000)
        return resources.dropFirst()
    }

    @Test("Where ranges are ignored and HEAD tells sizes, one recording is enough to find it out")
    func head() throws {
        try withBench(generated: 20) {
            $0.voiceRange = .ignored
        } _: { bench in
            let resources = try describeFirst(bench)
            #expect(resources.count == 20)
            bench.simulator.clearRequests()
            try describe(resources, bench)
            #expect(bench.mediaRequests.map(\.method) == Array(repeating: "HEAD", count: 20))
            #expect(bench.mediaRequests.allSatisfy { $0.bodyBytes == 0 })
            // No connection was lost by it.
            #expect(Set(bench.mediaRequests.map(\.connection)).count == 1)
            // What was described so can be read.
            let last = try #require(resources.last)
            let number = try #require((0..<20).first { TwilioSimulator.generatedSID($0) == last.sid.description })
            #expect(try areSame(bench.readAll(bench.open(last)), TwilioSimulator.generatedContent(number)))
        }
    }

    @Test("Where HEAD is refused, or tells no length, it is tried once", arguments: [true, false])
    func noHead(isRefused: Bool) throws {
        try withBench(generated: 20) {
            $0.voiceRange = .ignored
            $0.voiceHeadSupported = !isRefused
            $0.voiceLength = isRefused ? .contentLength : .chunked
        } _: { bench in
            let resources = try describeFirst(bench)
            try describe(resources, bench)
            #expect(bench.mediaRequests.count { $0.method == "HEAD" } == 1)
        }
    }

    @Test("Where ranges are honoured, HEAD isn't used")
    func honoured() throws {
        try withBench(generated: 10) { _ in
        } _: { bench in
            let resources = try bench.voiceResources()
            try describe(resources, bench)
            #expect(bench.mediaRequests.map(\.method) == Array(repeating: "GET", count: 11))
            #expect(bench.mediaRequests.allSatisfy { $0.bodyBytes == 32 })
        }
    }

    @Test("A host that no longer answers HEAD is asked for the last bytes again")
    func noLonger() throws {
        try withBench(generated: 20) {
            $0.voiceRange = .ignored
        } _: { bench in
            let resources = try describeFirst(bench)
            bench.simulator.behaviour.voiceHeadSupported = false
            bench.simulator.clearRequests()
            try describe(resources, bench)
            #expect(bench.mediaRequests.map(\.method) == ["HEAD"] + Array(repeating: "GET", count: 20))
        }
    }

    @Test("A host whose answer to HEAD can't be understood is asked for the last bytes again, at once")
    func notUnderstood() throws {
        try withBench(generated: 20) {
            $0.voiceRange = .ignored
        } _: { bench in
            let resources = try describeFirst(bench)
            bench.simulator.faults = [FaultRule(.headers(["Content-Length": "-1"]), method: "HEAD")]
            bench.simulator.clearRequests()
            try describe(resources, bench)
            #expect(bench.mediaRequests.map(\.method) == ["HEAD"] + Array(repeating: "GET", count: 20))
        }
    }

    @Test("Presigned addresses are never asked for a HEAD", arguments: [LibraryBench.Kind.voice, .track, .composition])
    func presigned(kind: LibraryBench.Kind) throws {
        let bench = try LibraryBench(
            kind, size: 10_000, generated: 5,
            behaviour: {
                $0.mediaRange = .ignored
                $0.voiceRange = .ignored
                $0.voiceRedirect = .found
            })
        defer { bench.shutDown() }
        var resources = try bench.voiceResources()
        if kind != .voice { resources.append(try bench.resource()) }
        for _ in 0..<2 { try describe(resources, bench) }
        #expect(bench.simulator.requests.contains { $0.host == .media })
        #expect(bench.simulator.requests.allSatisfy { $0.method == "GET" })
    }

    @Test("A HEAD that tells another length than the media has isn't believed", arguments: [1, 1 << 30, 0])
    func wrongLength(told: Int) throws {
        let digits = "00112233445566778899aabbccddee"
        let media = Array(TestMedia.signed(TestMedia.noise(5000, seed: 1), as: "wav"))
        let server = try LoopbackServer { request in
            request.method == "HEAD"
                ? LoopbackServer.Answer(status: 200, length: told)
                : LoopbackServer.Answer(body: media)
        }
        defer { server.stop() }
        let bench = try LibraryBench(.voice, size: 1, apiURL: server.url)
        defer { bench.shutDown() }
        for number in 10..<20 {
            let json = "{\"sid\":\"RE\(digits)\(number)\"}"
            let resource = try MediaResource(kind: .voiceRecording, json: Array(json.utf8))
            #expect(try bench.describe(resource).plaintextSize == 5000)
            try wait(until: "HEAD has come") { server.requests.contains { $0.method == "HEAD" } }
            usleep(20_000)
        }
        #expect(server.requests.count { $0.method == "HEAD" } == 1)
    }

    @Test("Who needs a size now hastens the request that nobody was in a hurry for, and there is no second one")
    func urgency() throws {
        try withBench(generated: 1) {
            $0.latencyMilliseconds = 300
        } _: { bench in
            let resource = try #require(try bench.voiceResources().first)
            bench.simulator.clearRequests()
            let results = Awaited<Result<MediaFacts, MediaError>>()
            for priority in [Priority.background, .background, .readAhead, .reader, .background, .reader] {
                bench.library.describe(resource, priority: priority) { results.add($0) }
            }
            let facts = try results.values(6).map { try $0.get() }
            #expect(Set(facts).count == 1)
            #expect(bench.mediaRequests.count == 1)
            #expect(bench.observer.events.count == 1)
        }
    }
}
