import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Media

/// What a library keeps, of recordings whose media the test serves.
@Suite("The files of a library", .orderly)
struct LibraryFilesTests {
    private static let media = Array(TestMedia.signed(TestMedia.noise(100, seed: 5), as: "wav"))

    private static func facts(_ size: Int64 = 100) throws -> MediaFacts {
        try #require(
            MediaFacts(
                ciphertextSize: size, plaintextSize: size, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: [:], tail: [], requestedChannels: nil, isConfirmed: true))
    }

    /// Describes media with the library, and answers the request if there is one; returns how many there were.
    private static func describe(
        _ bench: AnswerBench, _ resource: MediaResource? = nil, priority: Priority = .reader
    ) throws -> Int {
        let count = bench.downloads.count
        let results = Awaited<Result<MediaFacts, MediaError>>()
        bench.library.describe(resource ?? bench.resource, priority: priority) { results.add($0) }
        if bench.downloads.count > count { try bench.answerPart(of: media) }
        _ = try results.value().get()
        return bench.downloads.count - count
    }

    @Test("A file in memory is opened without a request, counts as open until it is closed, and another isn't there")
    func atHand() throws {
        let bench = try AnswerBench(.voiceRecording)
        let sid = bench.resource.sid
        #expect(bench.library.openAtHand(sid) == nil && bench.library.factsAtHand(sid) == nil)
        #expect(!bench.library.hasOutdatedReaders(sid))
        #expect(bench.library.statistics.openFiles == 0)
        var first: MediaReader? = try bench.open(facts: Self.facts()).value().get()
        var second = bench.library.openAtHand(sid)
        #expect(second != nil && second?.isOutdated == false)
        #expect(bench.library.statistics.openFiles == 2 && !bench.library.hasOutdatedReaders(sid))
        first = nil
        #expect(bench.library.statistics.openFiles == 1)
        second = nil
        #expect(bench.library.statistics.openFiles == 0 && first == nil && second == nil)
        #expect(bench.library.openAtHand(sid) != nil, "it stays in memory")
        #expect(try bench.library.factsAtHand(sid) == Self.facts())
        #expect(bench.downloads.isEmpty)
    }

    @Test("A resource that tells of other media begins anew, unless somebody reads the media")
    func otherResource() throws {
        let bench = try AnswerBench(.voiceRecording)
        #expect(try Self.describe(bench) == 1)
        #expect(try Self.describe(bench) == 0, "it is known")
        let same = try AnswerBench.resource(.voiceRecording, #""duration":"7""#)
        #expect(try Self.describe(bench, same) == 0, "its media is the same")
        let other = try AnswerBench.resource(.voiceRecording, #""channels":1"#)
        #expect(try Self.describe(bench, other) == 1)
        let reader = try bench.open(other).value().get()
        #expect(try Self.describe(bench) == 0, "the reader's media stays what it is")
        withExtendedLifetime(reader) {}
    }

    @Test("What is described in the background isn't kept, and pushes nothing out")
    func background() throws {
        let bench = try AnswerBench(.voiceRecording, settings: { $0.idleFileLimit = 1 })
        let other = try AnswerBench.resource(.voiceRecording, number: 1)
        #expect(try Self.describe(bench) == 1)
        #expect(try Self.describe(bench, other, priority: .background) == 1)
        #expect(bench.library.factsAtHand(other.sid) == nil && bench.library.factsAtHand(bench.resource.sid) != nil)
        #expect(try Self.describe(bench, other) == 1)
        #expect(bench.library.factsAtHand(other.sid) != nil && bench.library.factsAtHand(bench.resource.sid) == nil)
    }

    @Test("Over the limit the files unused for longest go; of those that failed, the failure is remembered")
    func idleLimit() throws {
        let bench = try AnswerBench(.voiceRecording, settings: { $0.idleFileLimit = 3 })
        let verdicts: [Integrity?] = [.failed, nil, .failed, .verified, nil, nil]
        let resources = try verdicts.indices.map { try AnswerBench.resource(.voiceRecording, number: $0) }
        for (resource, verdict) in zip(resources, verdicts) {
            bench.library.settle(bench.library.file(of: resource, facts: try Self.facts(), integrity: verdict))
        }
        let kept = resources.map { bench.library.factsAtHand($0.sid) != nil }
        #expect(kept == [false, false, false, true, true, true])
        #expect(bench.services.pages.withLock { $0.verified } == [], "none of them was verified here")
        #expect(bench.library.state.withLock { $0.idle } == [3, 4, 5].map { resources[$0].sid })
        #expect(resources.map { bench.library.integrity(of: $0.sid) == .failed } == verdicts.map { $0 == .failed })
        // However many failed, the others are kept, and files are prefetched.
        for number in 10..<300 {
            let failed = try AnswerBench.resource(.voiceRecording, number: number)
            bench.library.settle(bench.library.file(of: failed, facts: try Self.facts(), integrity: .failed))
        }
        for resource in resources.suffix(3) {
            bench.library.settle(bench.library.file(of: resource, facts: try Self.facts(), integrity: nil))
        }
        #expect(resources.suffix(3).allSatisfy { bench.library.factsAtHand($0.sid) != nil })
    }

    @Test("A key is found out by opening the media; without an answer nothing is known of it")
    func findingOutKeys() throws {
        for isAnswered in [true, false] {
            let bench = try AnswerBench(.voiceRecording)
            let results = Awaited<Bool?>()
            bench.library.findOutKey(of: bench.resource, facts: nil) { results.add($0) }
            if isAnswered { try bench.answerPart(of: Self.media) } else { try bench.refuse(410) }
            #expect(try results.value() == (isAnswered ? true : nil))
        }
    }

    @Test("Memory for media and for plaintext together are what was granted, and not a slot less")
    func memory() throws {
        for threads in 1...4 {
            let least = MediaConfiguration.leastMemory(threadCount: threads)
            let bench = try AnswerBench(
                .voiceRecording,
                settings: {
                    $0.threadCount = threads
                    $0.memory = least + PooledMemory.stride * 8
                })
            let slotCount = bench.services.memory.slotCount
            #expect(slotCount == MemoryPool.leastSlotCount + 8)
            #expect(
                slotCount * PooledMemory.stride + 2 * threads * ScratchBuffers.size == least + PooledMemory.stride * 8)
            #expect(throws: MemoryError.self) {
                try AnswerBench(
                    .voiceRecording,
                    settings: {
                        $0.threadCount = threads
                        $0.memory = least - 1
                    })
            }
        }
    }

    @Test("What waits to be stored takes at most half of the memory: more isn't stored, until some was")
    func storing() throws {
        let bench = try AnswerBench(.voiceRecording, diskCache: FakeCache())
        let services = bench.services
        let limit = services.memory.slotCount * Block.size / 2
        let stored = Locked<[Int]>([])
        func store(_ byteCount: Int) {
            services.store(byteCount: byteCount) { _ in stored.withLock { $0.append(byteCount) } }
        }
        store(limit - 1)
        store(2)
        store(1)
        store(1)
        while services.storeWorker.hasWork { services.storeWorker.runNext() }
        #expect(stored.withLock { $0 } == [limit - 1, 1])
        store(limit)
        store(1)
        while services.storeWorker.hasWork { services.storeWorker.runNext() }
        #expect(stored.withLock { $0 } == [limit - 1, 1, limit])
    }

    @Test("Who needs bytes waits for memory, and so does what a reader waits for; read-ahead is left")
    func shortage() throws {
        let bench = try AnswerBench(.voiceRecording)
        let reader = try bench.open(facts: Self.facts()).value().get()
        let file = try #require(bench.library.state.withLock { $0.files[bench.resource.sid] })
        let content = try #require(file.content.state.withLock { $0.content.value })
        let memory = bench.services.memory
        for priority in [Priority.readAhead, .reader] {
            let results = Awaited<Bool>()
            var held = memory.take(memory.slotCount, for: .reader)
            #expect(held != nil)
            file.reads.run(
                PendingRead(
                    range: 0..<100, content: content, place: ReadingPlace(),
                    purpose: .arrival { result in results.add((try? result.get()) != nil) }, priority: priority))
            #expect(results.all == (priority == .reader ? [] : [false]) && bench.downloads.isEmpty)
            #expect(memory.hasWaiters == (priority == .reader))
            held = nil
            guard priority == .reader else { continue }
            bench.work()
            try bench.answerPart(of: Self.media)
            #expect(try results.value() && held == nil)
        }
        withExtendedLifetime(reader) {}
    }

    @Test("A stream that ends with another size than the media's fails its readers, who would wait for ever")
    func shortStream() throws {
        let bench = try AnswerBench(.voiceRecording)
        let reader = try bench.open(facts: Self.facts()).value().get()
        let receiver = NotingReceiver()
        reader.read(at: 0, count: 100, receiver: receiver)
        try bench.answer(200, [("Transfer-Encoding", "chunked")], [Array(Self.media.prefix(50))])
        let result = try receiver.results.value()
        let error = #expect(throws: MediaError.self) { try result.get() }
        #expect(error?.code == .changed && reader.isOutdated)
    }

    // MARK: Prefetching

    @Test("Sixty-four files are prefetched at a time; each is asked for once, from its first byte, with less urgency")
    func prefetching() throws {
        let bench = try AnswerBench(.voiceRecording, settings: { $0.memory = 64 << 20 })
        let resources = try (0..<66).map { try AnswerBench.resource(.voiceRecording, number: $0) }
        let facts = try Self.facts()
        let taken = resources.map { bench.library.prefetch($0, facts: facts) }
        #expect(taken == Array(repeating: true, count: 64) + [false, false])
        bench.work()
        #expect(bench.downloads.count == 64)
        #expect(bench.downloads.allSatisfy { $0.request.range == .bytes(0..<100) && $0.request.priority == .readAhead })
        #expect(bench.library.prefetch(resources[3], facts: facts), "it is being prefetched")
        #expect(bench.downloads.count == 64)
        // Who opens one makes room for another.
        let reader = try bench.open(resources[3], facts: facts).value().get()
        #expect(bench.library.prefetch(resources[64], facts: facts))
        withExtendedLifetime(reader) {}
    }

    @Test("The prefetching of files that nobody has opened is cancelled, and of no others")
    func abandoning() throws {
        let bench = try AnswerBench(.voiceRecording, settings: { $0.memory = 64 << 20 })
        let resources = try (0..<3).map { try AnswerBench.resource(.voiceRecording, number: $0) }
        let facts = try Self.facts()
        for resource in resources.prefix(2) { #expect(bench.library.prefetch(resource, facts: facts)) }
        bench.work()
        let reader = try bench.open(resources[0], facts: facts).value().get()
        _ = try Self.describe(bench, resources[2])
        bench.library.abandonPrefetch(of: resources.map(\.sid))
        #expect(resources.map { bench.library.factsAtHand($0.sid) != nil } == [true, false, true])
        #expect(bench.downloads.prefix(2).map(\.isCancelled) == [false, true])
        #expect(bench.library.state.withLock { $0.prefetched.isEmpty })
        withExtendedLifetime(reader) {}
    }

    @Test("Half of the memory is left to readers: what has no room waits, and what never has is left to its reader")
    func room() throws {
        let bench = try AnswerBench(.voiceRecording)
        // 16 of 32 slots; a mebibyte and a bit takes nine.
        let facts = try Self.facts(2 << 20)
        let (smaller, small) = (try Self.facts(7 * 131_072 - 1), try Self.facts())
        let resources = try (0..<3).map { try AnswerBench.resource(.voiceRecording, number: $0) }
        #expect(bench.library.prefetch(resources[0], facts: facts))
        #expect(!bench.library.prefetch(resources[1], facts: facts))
        #expect(bench.library.prefetch(resources[1], facts: smaller))
        #expect(!bench.library.prefetch(resources[2], facts: small))
    }
}
