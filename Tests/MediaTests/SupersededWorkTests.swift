import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

@Suite("What ends after something else took its place", .orderly)
struct SupersededWorkTests {
    private func doubt(_ bench: FakeNetworkBench) throws {
        let error = MediaError(.transferFailed, bench.media.resource.sid, "an answer of another size")
        try #require(bench.file).content.doubt(failing: error)
    }

    @Test("The end of an opening that was dropped doesn't end the next one")
    func opening() throws {
        let content = try MediaContent.withTag()
        var state = FileState(wasVerified: false)
        _ = state.open(isAhead: false, now: .now) { _ in }
        let first = state.openingCount
        #expect(state.failOpenings().count == 1)
        _ = state.open(isAhead: false, now: .now) { _ in }
        #expect(state.end(.success(content), of: first, cachedUnits: []) == nil && !state.isCurrent(content))
        #expect(state.end(.success(content), of: state.openingCount, cachedUnits: [])?.count == 1)
        #expect(state.isCurrent(content))
    }

    @Test("A fetch of content that was dropped tells nothing about the media", arguments: [true, false])
    func fetch(isDropped: Bool) throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .deferred })
        let reader = try bench.open()
        reader.read(at: 0, count: 1000, receiver: NotingReceiver())
        let number = try #require(bench.network.downloads.keys.first)
        if isDropped { try doubt(bench) }
        bench.network.end(number, .failure(TransferError(.changed, "Its entity tag differs.")))
        #expect(bench.observer.events.contains(.changed(bench.media.resource.sid)) == !isDropped)
        withExtendedLifetime(reader) {}
    }

    @Test("While a description is awaited, the answers to a content's own fetches are compared with its own facts")
    func ownFacts() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .deferred })
        let reader = try bench.open()
        try #require(bench.file).known.doubt()
        #expect(try bench.read(reader, 0..<1000) == Array(bench.media.plaintext.prefix(1000)))
        withExtendedLifetime(reader) {}
    }

    @Test("A stream that isn't the current one confirms no size")
    func stream() throws {
        let bench = try FakeNetworkBench(.composition)
        bench.network.files[0].ignoresRanges = true
        let reader = try bench.open()
        let file = try #require(bench.file)
        #expect(file.known.facts?.isConfirmed == false)
        let source = StreamSource(file: file.content, reads: file.reads)
        source.streamDidEnd(try Spool.temporary(), .success(()), nil)
        #expect(file.known.facts?.isConfirmed == false)
        #expect(try bench.read(reader, 0..<1000) == Array(bench.media.plaintext.prefix(1000)))
        #expect(file.known.facts?.isConfirmed == true)
    }

    @Test("Content that was dropped isn't verified any more, and confirms no facts but its own")
    func verdict() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .deferred })
        let reader = try bench.open()
        let file = try #require(bench.file)
        let content = try #require(file.content.state.withLock { $0.content.value })
        try doubt(bench)
        Verification(file: file.content, reads: file.reads).contentDidPass(content)
        #expect(bench.observer.events.allSatisfy { $0 != .verified(bench.media.resource.sid) })
        withExtendedLifetime(reader) {}
    }

    @Test("Who waits for memory gets what a read that has failed doesn't need any more")
    func memory() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .deferred })
        let reader = try bench.open()
        let receiver = NotingReceiver()
        reader.read(at: 0, count: 200_000, receiver: receiver)
        let number = try #require(bench.network.downloads.keys.min())
        bench.network.begin(number)
        bench.network.deliver(number, Block.size)
        for other in bench.network.downloads.keys where other != number {
            bench.network.end(other, .failure(.cancelled))
        }
        let memory = bench.services.memory
        let granted = Awaited<Int>()
        memory.wait(for: memory.slotCount) { granted.add($0.count) }
        bench.work()
        #expect(granted.all.isEmpty && receiver.results.all.isEmpty)
        bench.network.end(number, .failure(TransferError(.connectionLost, "Simulated.")))
        bench.work()
        #expect(granted.all == [memory.slotCount] && receiver.results.all.count == 1)
        withExtendedLifetime(reader) {}
    }
}
