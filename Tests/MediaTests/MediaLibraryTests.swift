import Envelope
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("Reading media of a simulated account", .orderly)
struct MediaLibraryTests {
    typealias Kind = LibraryBench.Kind

    private static func withBench(
        _ kind: Kind, size: Int, ring: KeyRing? = nil,
        behaviour: (inout Behaviour) -> Void = { _ in },
        settings: (inout MediaLibrary.Configuration) -> Void = { _ in }, _ body: (LibraryBench) throws -> Void
    ) throws {
        let bench = try LibraryBench(kind, size: size, ring: ring, settings: settings, behaviour: behaviour)
        defer { bench.shutDown() }
        try body(bench)
    }

    @Test(
        "A file of any size and kind is read as it was", arguments: Kind.allCases,
        [0, 1, 15, 16, 17, 31, 32, 33, 4096, 131_071, 131_072, 131_073, 700_001])
    func sizes(kind: Kind, size: Int) throws {
        guard kind.canHave(size: size) else { return }
        try Self.withBench(kind, size: size) { bench in
            let resource = try bench.resource()
            let facts = try bench.describe(resource)
            #expect(facts.plaintextSize == Int64(size))
            #expect(facts.isPlaintextSizeExact)
            let reader = try bench.open(resource, facts: facts)
            #expect(try areSame(bench.readAll(reader), bench.original))
            let isGCM = kind == .voice
            let verified = isGCM ? [NotingObserver.Event.verified(resource.sid)] : []
            #expect(bench.observer.events == [.described(resource.sid, Int64(size))] + verified)
            #expect(bench.library.integrity(of: resource.sid) == (isGCM ? .verified : Integrity.none))
        }
    }

    @Test("size and envelope are learnt with one small request", arguments: Kind.allCases)
    func oneSmallRequest(kind: Kind) throws {
        try Self.withBench(kind, size: 1_000_000) { bench in
            let resource = try bench.freshResource()
            let facts = try bench.describe(resource)
            #expect(facts.plaintextSize == 1_000_000)
            // Video is taken for encrypted until it was seen not to be: the beginning is asked for after the end.
            let requests = kind == .unsealed ? [32, 32] : [32]
            #expect(bench.mediaRequests.map(\.bodyBytes) == requests)
            #expect(try bench.describe(resource) == facts)
            #expect(bench.mediaRequests.count == requests.count)
        }
    }

    @Test("Facts that were stored are those that were learnt, and opening with them asks for nothing")
    func storedFacts() throws {
        for kind in Kind.allCases {
            try Self.withBench(kind, size: 50_000) { bench in
                let resource = try bench.resource()
                let facts = try bench.describe(resource)
                let restored = try #require(MediaFacts(stored: try facts.stored))
                #expect(restored == facts)
                #expect(MediaFacts(stored: []) == nil)
                #expect(MediaFacts(stored: Array("{}".utf8)) == nil)
            }
            try Self.withBench(kind, size: 50_000) { bench in
                let resource = try bench.resource()
                let facts = try bench.describe(resource)
                bench.simulator.clearRequests()
                let other = try LibraryBench(kind, size: 1)
                defer { other.shutDown() }
                _ = try other.open(resource, facts: facts)
                #expect(other.simulator.requests.isEmpty)
            }
        }
    }

    @Test(
        "A server that ignores ranges, or tells no length, serves just as well", arguments: Kind.allCases,
        [(true, false), (true, true), (false, true)])
    func otherServers(kind: Kind, server: (ignoresRanges: Bool, isChunked: Bool)) throws {
        try Self.withBench(kind, size: 700_001) { behaviour in
            behaviour.voiceRange = server.ignoresRanges ? .ignored : .honoured
            behaviour.mediaRange = behaviour.voiceRange
            behaviour.voiceLength = server.isChunked ? .chunked : .contentLength
            behaviour.mediaLength = behaviour.voiceLength
        } _: { bench in
            let resource = try bench.resource()
            #expect(try bench.describe(resource).plaintextSize == 700_001)
            let reader = try bench.open(resource)
            #expect(try LibraryBench.read(reader, at: 650_000, count: 1000) == Array(bench.original[650_000..<651_000]))
            #expect(try areSame(bench.readAll(reader), bench.original))
            // The one stream is kept: not a request for each range. A described file may have been begun before, and
            // the first answer that has everything in it isn't believed.
            if server.ignoresRanges { #expect(bench.mediaRequests.count { $0.method == "GET" } <= 3) }
        }
    }

    @Test(
        "A server that begins to ignore ranges is noticed, however many read at that moment", arguments: Kind.allCases)
    func rangesNoLonger(kind: Kind) throws {
        try Self.withBench(kind, size: 3_000_000) { bench in
            let resource = try bench.resource()
            let reader = try bench.open(resource, facts: try bench.describe(resource))
            bench.simulator.behaviour.voiceRange = .ignored
            bench.simulator.behaviour.mediaRange = .ignored
            bench.simulator.behaviour.latencyMilliseconds = 30
            let receivers = (0..<10).map { number in
                let receiver = NotingReceiver()
                reader.read(at: Int64(number) * 300_000, count: 1000, receiver: receiver)
                return (number * 300_000, receiver)
            }
            for (offset, receiver) in receivers {
                #expect(try receiver.results.value().get() == Array(bench.original[offset..<(offset + 1000)]))
            }
        }
    }

    @Test("Voice media behind a redirect is read from where it leads", arguments: ["301", "302", "307"])
    func redirected(status: String) throws {
        try Self.withBench(.voice, size: 900_000) {
            $0.voiceRedirect = Behaviour.VoiceRedirect(rawValue: status) ?? .none
        } _: { bench in
            let resource = try bench.freshResource()
            #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
            // The redirect is remembered: one request to the API, all others go straight to the storage.
            #expect(bench.simulator.requests.filter { $0.host == .api }.count == 1)
            #expect(bench.simulator.requests.filter { $0.host == .media }.allSatisfy { !$0.authorization })
        }
    }

    @Test("Padding tells the size where no header does", arguments: [0, 1, 15, 16, 17, 100_000])
    func noLengthHeader(size: Int) throws {
        try Self.withBench(.track, size: size) {
            $0.sendsUnencryptedLength = false
        } _: { bench in
            let facts = try bench.describe(try bench.resource())
            #expect(facts.plaintextSize == Int64(size))
            #expect(facts.isPlaintextSizeExact)
        }
        // Without the key only the ciphertext's size is known, and said to be inexact.
        try Self.withBench(.track, size: size, ring: try KeyPair.other.ring()) {
            $0.sendsUnencryptedLength = false
        } _: { bench in
            let facts = try bench.describe(try bench.resource())
            #expect(facts.plaintextSize == facts.ciphertextSize)
            #expect(facts.ciphertextSize == Int64(size / 16 * 16 + 16))
            #expect(!facts.isPlaintextSizeExact)
        }
    }

    @Test("Version 2 of the envelope is read too", arguments: Behaviour.ContentAlgorithm.allCases)
    func versionTwo(content: Behaviour.ContentAlgorithm) throws {
        try Self.withBench(.composition, size: 400_000) {
            $0.metadataVersion = .two
            $0.contentAlgorithm = content
        } _: { bench in
            let resource = try bench.resource()
            let facts = try bench.describe(resource)
            #expect(facts.encryption == (content == .gcm ? "aes-256-gcm" : "aes-256-cbc"))
            #expect(facts.isAuthenticated == (content == .gcm))
            #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
        }
    }

    @Test("Without the right key a file has its size and can't be opened", arguments: Kind.allCases, [true, false])
    func wrongKey(kind: Kind, holdsOther: Bool) throws {
        try Self.withBench(kind, size: 10_000, ring: holdsOther ? try KeyPair.other.ring() : KeyRing([])) { bench in
            let resource = try bench.resource()
            #expect(try bench.describe(resource).plaintextSize == 10_000)
            if kind.isSealed {
                let error = #expect(throws: MediaError.self) { try bench.open(resource) }
                #expect(error?.code == .keyNotHeld)
                #expect(error?.message.contains("\(resource.sid)") == true)
            } else {
                #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
            }
        }
    }

    @Test("A reader that was open when the media changed fails, and never gets bytes of the new content")
    func openReaderAfterChange() throws {
        try Self.withBench(.voice, size: 3_000_000, settings: { $0.integrityMode = .deferred }) { bench in
            let resource = try bench.resource()
            let early = try bench.open(resource)
            _ = try LibraryBench.read(early, at: 0, count: 10)
            bench.simulator.faults = [FaultRule(.changeETag)]
            let other = try bench.open(resource)
            #expect(throws: MediaError.self) { try LibraryBench.read(other, at: 2_900_000, count: 10) }
            bench.simulator.faults = []
            let late = try bench.open(resource)
            _ = try LibraryBench.read(late, at: 2_900_000, count: 10)
            let error = #expect(throws: MediaError.self) { try LibraryBench.read(early, at: 2_900_000, count: 10) }
            #expect(error?.code == .changed)
            #expect(!late.mayKeepPages)
        }
    }

    @Test("Corrupt ciphertext of a voice recording fails the read that completes the file, and every later one")
    func corrupt() throws {
        for isIgnoringRanges in [false, true] {
            try Self.withBench(.voice, size: 500_000) {
                $0.voiceRange = isIgnoringRanges ? .ignored : .honoured
            } _: { bench in
                let resource = try bench.resource()
                bench.simulator.faults = [FaultRule(.corrupt(offset: 300_000, mask: 4))]
                let reader = try bench.open(resource)
                let error = #expect(throws: MediaError.self) { try bench.readAll(reader) }
                #expect(error?.code == .authenticationFailed)
                #expect(bench.observer.hasNoted(.forged(resource.sid)))
                #expect(bench.library.integrity(of: resource.sid) == .failed)
                bench.simulator.faults = []
                for offset in [0, 1000, 499_999] as [Int64] {
                    let later = #expect(throws: MediaError.self) {
                        try LibraryBench.read(reader, at: offset, count: 10)
                    }
                    #expect(later?.code == .authenticationFailed)
                }
                let again = try bench.open(resource)
                #expect(throws: MediaError.self) { try LibraryBench.read(again, at: 0, count: 10) }
            }
        }
    }

    @Test(
        "Another entity tag means that the media has changed, and nothing of two files is mixed",
        arguments: Kind.allCases)
    func changed(kind: Kind) throws {
        try Self.withBench(kind, size: 4_000_000) { bench in
            let resource = try bench.resource()
            let reader = try bench.open(resource)
            bench.simulator.faults = [FaultRule(.changeETag, count: 3)]
            let receivers = (0..<3).map { number in
                let receiver = NotingReceiver()
                reader.read(at: Int64(number) * 1_300_000, count: 10, receiver: receiver)
                return receiver
            }
            for receiver in receivers {
                let result = try receiver.results.value()
                let error = #expect(throws: MediaError.self) { try result.get() }
                #expect(error?.code == .changed)
            }
            #expect(bench.observer.hasNoted(.changed(resource.sid)))
            bench.simulator.faults = []
            #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
            #expect(receivers.allSatisfy { $0.results.all.count == 1 })
        }
    }

    @Test("Connections that break are resumed", arguments: Kind.allCases)
    func broken(kind: Kind) throws {
        try Self.withBench(kind, size: 2_000_000) { bench in
            let resource = try bench.resource()
            let reader = try bench.open(resource)
            bench.simulator.faults = [
                FaultRule(.reset(afterBytes: 50_000), count: 1), FaultRule(.truncate(afterBytes: 70_000), count: 1),
                FaultRule(.status(503), count: 1),
            ]
            #expect(try areSame(bench.readAll(reader), bench.original))
        }
    }

    @Test("Media that is not there is told as missing", arguments: [Kind.voice, .composition])
    func missing(kind: Kind) throws {
        try Self.withBench(kind, size: 1000) { bench in
            let resource = try bench.resource()
            try bench.simulator.update("\(resource.sid)", fields: ["date_created": "2015-07-30T20:00:00Z"])
            let old = try bench.resource()
            try bench.simulator.delete("\(resource.sid)")
            let error = #expect(throws: MediaError.self) { try bench.describe(old) }
            #expect(error?.code == .mediaMissing)
        }
    }

    @Test(
        "Random readers at once get the original bytes, also when memory is short", arguments: Kind.allCases,
        [MediaLibrary.Configuration.leastMemory(threadCount: 2), 64 << 20])
    func concurrent(kind: Kind, memory: Int) throws {
        try Self.withBench(kind, size: 6_000_011, settings: { $0.memory = memory }) { bench in
            let resource = try bench.resource()
            let wrong = Locked<[String]>([])
            let readers = try (0..<4).map { _ in try bench.open(resource) }
            let threads = try readers.enumerated().map { number, reader in
                try NamedThread(name: "reader") {
                    var generator = SeededGenerator(seed: UInt64(number + 1))
                    for _ in 0..<40 {
                        let offset = Int.random(in: 0..<bench.original.count, using: &generator)
                        let count = Int.random(in: 1...(256 << 10), using: &generator)
                        let expected = bench.original[offset..<min(bench.original.count, offset + count)]
                        do {
                            let bytes = try LibraryBench.read(reader, at: Int64(offset), count: count)
                            if !areSame(bytes, expected) { wrong.withLock { $0.append("\(offset)+\(count) differs") } }
                        } catch {
                            wrong.withLock { $0.append("\(offset)+\(count): \(error)") }
                        }
                    }
                }
            }
            for thread in threads { thread.join() }
            #expect(wrong.withLock { $0 } == [])
            #expect(try areSame(bench.readAll(readers[0]), bench.original))
            if kind == .voice { #expect(bench.library.integrity(of: resource.sid) == .verified) }
        }
    }

    @Test("Reading in order asks for each byte once, in few requests")
    func sequential() throws {
        try Self.withBench(.composition, size: 5_000_000) { bench in
            let resource = try bench.freshResource()
            #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
            let bytes = bench.mediaRequests.reduce(0) { $0 + $1.bodyBytes }
            #expect(bytes < 5_000_000 + 2000)
            #expect(bench.mediaRequests.count < 15)
        }
    }

    @Test("The end of a large film is fetched with its beginning, and that of a voice recording or a small film is not")
    func endWithBeginning() throws {
        for (kind, size, expected) in [
            (Kind.composition, 9_000_000, 2), (.composition, 4_000_000, 1), (.voice, 9_000_000, 1),
        ] {
            try Self.withBench(kind, size: size, settings: { $0.integrityMode = .deferred }) { bench in
                let resource = try bench.resource()
                let reader = try bench.open(resource, facts: try bench.describe(resource))
                bench.simulator.clearRequests()
                _ = try LibraryBench.read(reader, at: 0, count: 1000)
                // When the player asks for the end, it is there or on its way: no request more.
                let end = try LibraryBench.read(reader, at: Int64(size) - 1000, count: 1000)
                #expect(end == Array(bench.original.suffix(1000)))
                #expect(bench.mediaRequests.count == 2)
                let first = NotingReceiver()
                bench.simulator.clearRequests()
                reader.read(at: 0, count: 1000, receiver: first)
                #expect(try first.results.value().get() == Array(bench.original.prefix(1000)))
                #expect(bench.mediaRequests.isEmpty)
            }
            try Self.withBench(kind, size: size, settings: { $0.integrityMode = .deferred }) { bench in
                let resource = try bench.resource()
                let reader = try bench.open(resource, facts: try bench.describe(resource))
                bench.simulator.clearRequests()
                _ = try LibraryBench.read(reader, at: 0, count: 1000)
                let isAsExpected = eventually { bench.mediaRequests.count >= expected }
                #expect(isAsExpected && bench.mediaRequests.count == expected)
            }
        }
    }

    @Test("A fetch that was cut short ends there")
    func cutFetchEnds() throws {
        try Self.withBench(.unsealed, size: 30_000_000) { bench in
            let resource = try bench.resource()
            let reader = try bench.open(resource)
            // Reading on makes the window grow to several megabytes.
            var offset: Int64 = 0
            while offset < 8 << 20 {
                _ = try LibraryBench.read(reader, at: offset, count: 128 << 10)
                offset += 128 << 10
            }
            bench.simulator.clearRequests()
            bench.simulator.behaviour.bytesPerSecond = 4 << 20
            // One large fetch is under way from here; a second reader wants what it would bring last.
            let slow = NotingReceiver()
            reader.read(at: offset + (8 << 20), count: 1 << 20, receiver: slow)
            _ = try slow.results.value()
            let bytes = bench.mediaRequests.reduce(0) { $0 + $1.bodyBytes }
            #expect(bytes < 24 << 20)
        }
    }

    @Test("Files that nobody reads are let go when they are too many, and read again all the same")
    func idle() throws {
        try Self.withBench(.voice, size: 3_000_000, settings: { $0.idleFileLimit = 0 }) { bench in
            let resource = try bench.resource()
            do {
                let reader = try bench.open(resource)
                #expect(!reader.mayKeepPages)
                #expect(try areSame(bench.readAll(reader), bench.original))
                #expect(try bench.open(resource).mayKeepPages)
            }
            #expect(bench.library.integrity(of: resource.sid) == nil)
            let reader = try bench.open(resource)
            #expect(!reader.mayKeepPages)
            #expect(try areSame(bench.readAll(reader), bench.original))
        }
    }
}
