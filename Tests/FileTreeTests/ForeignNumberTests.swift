import Foundation
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Catalog
@testable import FileTree

/// Numbers that a server tells; each of them ended the process, or could have.
@Suite("A number from a server doesn't end the process", .orderly)
struct ForeignNumberTests {
    /// The largest numbers, those with which additions overflow, and their neighbours.
    static let numbers: [String] = {
        let powers = [Int64.max, 1 << 62, 1 << 60, 1 << 50, 1 << 31].flatMap { power in
            [0, 1, 2, 15, 16, 17, 31, 32, 510, 511, 512, 599, 600, 4094, 4095, 4096].map { power - $0 }
        }
        let beyond = ["9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999"]
        let negative = ["-1", "-16", "-9223372036854775807", "-9223372036854775808", "-9223372036854775809"]
        return powers.map(String.init) + ["1125899906842625", "1125899906842640"] + beyond + negative
    }()

    /// Where a server tells a size.
    enum Told: CaseIterable {
        /// The size of plain media, in Content-Range.
        case plain

        /// The size of media that is sealed with a tag.
        case sealed

        /// The size of media that is sealed in CBC, with nothing of the plaintext's.
        case chained

        /// The plaintext's size, in a header of CBC media.
        case header

        /// The folder of the media.
        var folder: String { self == .plain || self == .sealed ? "recordings" : "compositions" }
    }

    /// Answers requests for media, those for each recording with a number of its own.
    private static func server(_ told: Told) throws -> LoopbackServer {
        let numbers = numbers.filter { told == .header || Int64($0) ?? -1 >= 32 }
        let given = Locked<[Substring: (number: String, requests: Int)]>([:])
        return try LoopbackServer { request in
            let path = request.target.prefix { $0 != "?" }
            let (number, requests) = given.withLock { given -> (String, Int) in
                var entry = given[path] ?? (number: numbers[given.count % numbers.count], requests: 0)
                entry.requests += 1
                given[path] = entry
                return (entry.number, entry.requests)
            }
            var fields = [("ETag", "\"a\""), ("Content-Type", "application/octet-stream")]
            var total = Int64(number) ?? 32
            if told == .chained || told == .header {
                fields.append(("x-amz-meta-x-amz-key", Data(repeating: 1, count: 256).base64EncodedString()))
                fields.append(("x-amz-meta-x-amz-iv", Data(repeating: 1, count: 16).base64EncodedString()))
            }
            if told == .header {
                fields.append(("x-amz-meta-x-amz-unencrypted-content-length", number))
                // Padded as it should be, as far as the number allows.
                total = max(32, (total / 16).addingSaturated(1).multipliedSaturated(by: 16))
            }
            // A range that can't be is asked for again, for the better part of a minute; a refusal ends that.
            guard total <= Bounds.largestSize || requests == 1 else { return LoopbackServer.Answer(status: 410) }
            // Of plain media the beginning is asked for, of sealed media the end.
            let start = told == .plain ? 0 : total - 32
            fields.append(("Content-Range", "bytes \(start)-\(start + 31)/\(total)"))
            let noise = TestMedia.noise(32, seed: 7)
            let body = told == .plain ? TestMedia.signed(noise, as: "wav") : noise
            return LoopbackServer.Answer(status: 206, fields: fields, body: Array(body))
        }
    }

    @Test("A size that can't be is an error, and sums of large ones saturate", arguments: Told.allCases)
    func sizes(told: Told) throws {
        let type = told.folder == "recordings" ? "wav" : "mp4"
        let files = Self.numbers.indices.map { ("\(told.folder)/\($0).\(type)", Array(TestMedia.noise(100, seed: 1))) }
        let bench = try TreeBench(files: Dictionary(uniqueKeysWithValues: files))
        defer { bench.shutDown() }
        let server = try Self.server(told)
        defer { server.stop() }
        bench.simulator.behaviour.voiceRedirect = .found
        bench.simulator.behaviour.mediaOrigin = server.url
        if told == .plain { bench.simulator.behaviour.nullFields = ["encryption_details"] }
        let folder = try bench.find(told.folder)
        let entries = try bench.list(folder.inode).dropFirst(2)
        #expect(entries.count == files.count)
        // All at once, since each that can't be is asked for several times.
        let results = Awaited<Result<Attributes, FileTreeError>>()
        for entry in entries {
            let inode = try bench.lookUp(entry.name, in: folder.inode).attributes.inode
            bench.tree.attributes(of: inode) { results.add($0) }
        }
        let sizes = try results.values(entries.count).compactMap { try? $0.get().size }
        #expect(sizes.allSatisfy { Bounds.sizes.contains($0) })
        // Those of 2^50 and of 2^31 are possible, as far as GCM or CBC can have made them.
        #expect(sizes.count >= (told == .chained ? 10 : 16), "\(sizes.count)")
        // Without the key nobody knows how much of a whole number of blocks is padding, so no size is stored.
        if told == .chained { return }
        #expect(eventually { (try? bench.tree.totals().bytes) ?? 0 >= sizes.max() ?? 0 })
        #expect(try !bench.catalog.tallies().isEmpty)
    }

    @Test("A duration and a number of channels that can't be are left out", arguments: numbers)
    func resources(number: String) throws {
        for value in [number, "\"\(number)\""] {
            let json = """
                {"sid":"RE00000000000000000000000000000001","duration":\(value),"channels":\(value),\
                "status":"completed"}
                """
            let resource = try MediaResource(kind: .voiceRecording, json: Array(json.utf8))
            if let duration = resource.duration { #expect(Bounds.durations.contains(duration)) }
            if let channels = resource.channels { #expect(Bounds.channels.contains(channels)) }
        }
    }

    @Test(
        "A recording that tells a duration that can't be is described and read",
        arguments: ["-9223372036854775808", "9223372036854775807", "-1", "0", "31622400", "31622401"])
    func duration(number: String) throws {
        let content = Array(TestMedia.noise(1000, seed: 2))
        let bench = try TreeBench(files: ["recordings/a.wav": content])
        defer { bench.shutDown() }
        let sid = try bench.sid("a.wav")
        try bench.simulator.update(sid, fields: ["duration": .string(number)])
        #expect(try bench.content("recordings/\(sid).wav") == content)
    }

    @Test("Sums in the catalog saturate, also where a query adds")
    func sums() throws {
        for window in [CatalogWindow(), CatalogWindow(interval: CreationInterval(from: Timestamp(seconds: 0)))] {
            let bench = try TreeBench(generated: 9000, window: window)
            defer { bench.shutDown() }
            _ = try bench.list(bench.find("recordings").inode)
            let facts = try #require(StoredMediaFacts(plaintextSize: Bounds.largestSize, facts: []))
            let lessons = try (0..<9000).map {
                MediaLesson(try #require(SID(TwilioSimulator.generatedSID($0))), facts)
            }
            try bench.catalog.media.learn(lessons)
            #expect(try bench.tree.totals().bytes == Tally.largestSum)
            // Once more: what is learnt again replaces what was known.
            try bench.catalog.media.learn(lessons)
            #expect(try bench.tree.totals().bytes == Tally.largestSum)
        }
    }
}
