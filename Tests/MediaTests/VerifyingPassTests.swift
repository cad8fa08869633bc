import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

@Suite("Verifying all of a file before, and while, it is read", .orderly)
struct VerifyingPassTests {
    @Test(
        "Content whose tag no description has comes as a stream, also once the server honours ranges",
        arguments: IntegrityMode.allCases, [true, false])
    func withoutTag(mode: IntegrityMode, isForged: Bool) throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = mode })
        bench.network.files[0].ignoresRanges = true
        do {
            let reader = try bench.open()
            #expect(bench.file?.content.state.withLock { $0.content.value }?.lacksTag == true)
            withExtendedLifetime(reader) {}
        }
        // Its unconfirmed size is learnt again, from another server.
        bench.network.files[0].ignoresRanges = false
        bench.clock.withLock { $0 += .seconds(61) }
        #expect(try bench.describe().tail.count == 32)
        if isForged { bench.network.files[0].damagedPlace = 200_000 }
        let reader = try #require(bench.library.openAtHand(bench.media.resource.sid))
        let size = bench.media.plaintext.count
        if isForged {
            #expect(throws: MediaError.self) {
                for start in stride(from: 0, to: size, by: 100_000) {
                    _ = try bench.read(reader, start..<(start + 100_000))
                }
            }
        } else {
            #expect(try areSame(bench.read(reader, 0..<size), bench.media.plaintext))
            #expect(bench.library.integrity(of: bench.media.resource.sid) == .verified)
        }
    }

    @Test("A pass that has all but the tag fails its reads, instead of beginning anew for ever")
    func nothingMissing() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .strict })
        let facts = try bench.describe()
        let tagless = try #require(
            MediaFacts(
                ciphertextSize: facts.ciphertextSize, plaintextSize: facts.plaintextSize, isPlaintextSizeExact: true,
                entityTag: facts.entityTag, envelopeFields: [:], tail: [], requestedChannels: facts.requestedChannels,
                isConfirmed: true))
        let envelope = try #require(try MediaFacts.envelope(of: bench.media.resource, fields: [:]))
        let key = try bench.services.contentKey(for: envelope, facts: tagless, of: bench.media.resource)
        let content = try MediaContent(facts: tagless, metadata: envelope, key: key, isStrict: true)
        let file = try #require(bench.file)
        let bytes = Array(bench.media.served.dropLast(16))
        try content.authentication?.absorb(bytes.span.bytes, at: 0, attempt: 0)
        file.content.state.withLock { $0.content = .known(content) }
        let receiver = NotingReceiver()
        file.reads.read(0..<10, of: content, at: ReadingPlace(), receiver: receiver)
        bench.run()
        let result = try #require(receiver.results.all.first)
        let error = #expect(throws: MediaError.self) { try result.get() }
        #expect(error?.code == .transferFailed)
    }

    @Test("A read that joins a pass of read-ahead raises its transfers, once, and fails with them after that")
    func joined() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .strict })
        let facts = try bench.describe()
        #expect(bench.library.prefetch(bench.media.resource, facts: facts))
        bench.work()
        let transfers = Array(bench.network.downloads.values)
        #expect(!transfers.isEmpty && transfers.allSatisfy { $0.request.priority == .readAhead && $0.raised.isEmpty })
        let reader = try #require(bench.library.openAtHand(bench.media.resource.sid))
        let receivers = [NotingReceiver(), NotingReceiver()]
        for receiver in receivers { reader.read(at: 0, count: 10, receiver: receiver) }
        #expect(transfers.allSatisfy { $0.raised == [.reader] })
        for number in bench.network.downloads.keys {
            bench.network.end(number, .failure(TransferError(.deadlineExceeded, "Simulated.")))
        }
        bench.work()
        // Its patience was new when it was raised: another one would be too much.
        #expect(receivers.allSatisfy { $0.results.all.count == 1 } && bench.network.downloads.isEmpty)
        #expect(try bench.read(reader, 0..<10) == Array(bench.media.plaintext.prefix(10)))
        withExtendedLifetime(reader) {}
    }

    @Test("A pass goes on for a read that waits if only read-ahead has failed, and not if it was raised for the read")
    func goingOn() throws {
        var gate = IntegrityGate<Int>(earlier: nil)
        let begun = gate.beginPass()
        let pass = try #require(begun)
        var isAwaited = gate.beginPiece(of: pass)
        #expect(isAwaited == false)
        let another = gate.hold(1)
        #expect(another == nil && gate.mayGoOn(pass))
        gate.noteRaise()
        #expect(!gate.mayGoOn(pass))
        isAwaited = gate.beginPiece(of: pass)
        #expect(isAwaited == true && gate.mayGoOn(pass))
        let held = gate.endPass(pass)
        isAwaited = gate.beginPiece(of: pass)
        #expect(held == [1] && isAwaited == nil && !gate.mayGoOn(pass))
        let begunAgain = gate.beginPass()
        let next = try #require(begunAgain)
        #expect(!gate.mayGoOn(next), "nobody waits")
    }

    @Test("A stream of read-ahead has its priority, until a reader waits for it")
    func streamPriority() throws {
        let bench = try FakeNetworkBench(settings: { $0.integrityMode = .strict })
        bench.network.files[0].ignoresRanges = true
        #expect(bench.library.prefetch(bench.media.resource, facts: nil))
        while bench.file?.content.state.withLock({ $0.content.value }) == nil {
            bench.work()
            for (number, download) in bench.network.downloads {
                if download.isCancelled {
                    bench.network.end(number, .failure(.cancelled))
                } else {
                    bench.network.begin(number)
                }
            }
        }
        bench.work()
        let stream = try #require(bench.network.downloads.values.first { !$0.isCancelled })
        #expect(stream.request.range == nil && stream.request.priority == .readAhead && stream.raised.isEmpty)
        let reader = try #require(bench.library.openAtHand(bench.media.resource.sid))
        let receiver = NotingReceiver()
        reader.read(at: 0, count: 10, receiver: receiver)
        #expect(stream.raised == [.reader])
        bench.run()
        let result = try #require(receiver.results.all.first)
        #expect(try result.get() == Array(bench.media.plaintext.prefix(10)))
    }
}
