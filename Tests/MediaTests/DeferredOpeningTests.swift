import Envelope
import Foundation
import Logging
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Media

/// Keeps what readers give who want their files opened, until it is taken.
private final class Openings: Sendable {
    typealias Opening = @Sendable (Result<MediaReader, MediaError>) -> Void

    private let state = Locked<(waiting: [Opening], count: Int)>(([], 0))

    /// How many there were.
    var count: Int { state.withLock { $0.count } }

    func add(_ opening: @escaping Opening) {
        state.withLock { state in
            state.waiting.append(opening)
            state.count += 1
        }
    }

    func take() -> Opening? { state.withLock { $0.waiting.popLast() } }
}

@Suite("Opening files without opening their media", .orderly)
struct DeferredOpeningTests {
    /// A file that was described, and hasn't been opened.
    private struct Described {
        let bench: LibraryBench
        let resource: MediaResource
        let facts: MediaFacts

        init(
            _ kind: LibraryBench.Kind, size: Int, settings: (inout MediaLibrary.Configuration) -> Void = { _ in }
        ) throws {
            bench = try LibraryBench(kind, size: size, settings: settings)
            resource = try bench.resource()
            facts = try bench.describe(resource)
        }

        /// Its envelope.
        var envelope: EnvelopeMetadata {
            get throws { try #require(try MediaFacts.envelope(of: resource, fields: facts.envelopeFields)) }
        }

        /// A reader that has it opened when something is read of it.
        ///
        /// - Parameter size: another than it has.
        func reader(size: Int64? = nil, _ openings: Openings) -> MediaReader {
            bench.library.deferOpening(
                of: resource.sid, size: size ?? facts.plaintextSize, hasTag: resource.kind == .voiceRecording
            ) { openings.add($0) }
        }

        /// Opens it for the reader that waits for that.
        func open(for openings: Openings) {
            let opening = openings.take()
            bench.library.open(resource, facts: facts) { opening?($0) }
        }
    }

    /// The content key that a library keeps of an envelope.
    ///
    /// One that is unwrapped takes the place of the one before. So the same object wasn't unwrapped again.
    private static func contentKey(_ library: MediaLibrary, _ envelope: EnvelopeMetadata) -> ContentEncryptionKey? {
        library.services.keys.contentKey(of: envelope)
    }

    @Test(
        "It needs neither a request nor the content key; the first reads need one opening, and later ones none",
        arguments: [LibraryBench.Kind.voice, .track, .composition])
    func firstRead(kind: LibraryBench.Kind) throws {
        let described = try Described(kind, size: 300_000)
        let bench = described.bench
        defer { bench.shutDown() }
        let envelope = try described.envelope
        bench.simulator.clearRequests()
        do {
            let openings = Openings()
            let reader = described.reader(openings)
            #expect(bench.library.statistics.openFiles == 1)
            #expect(openings.count == 0 && bench.simulator.requests.isEmpty)
            let early = Self.contentKey(bench.library, envelope)
            #expect(early == nil, "nothing is unwrapped")

            let receivers = (0..<3).map { _ in NotingReceiver() }
            for receiver in receivers { reader.read(at: 100_000, count: 1000, receiver: receiver) }
            #expect(openings.count == 1)
            described.open(for: openings)
            for receiver in receivers {
                #expect(try areSame(receiver.results.value().get(), bench.original[100_000..<101_000]))
            }
            let key = Self.contentKey(bench.library, envelope)
            #expect(key != nil && !bench.simulator.requests.isEmpty)
            #expect(try areSame(bench.readAll(reader), bench.original))
            let last = Self.contentKey(bench.library, envelope)
            #expect(last === key && openings.count == 1)
            #expect(bench.library.statistics.openFiles == 1, "it counts once")
        }
        // The thread that has opened it may let go of it a moment later.
        #expect(eventually { bench.library.statistics.openFiles == 0 })
    }

    @Test("When it can't be opened the reads that wait fail, and the next one tries again")
    func failure() throws {
        let described = try Described(.voice, size: 50_000)
        let bench = described.bench
        defer { bench.shutDown() }
        let openings = Openings()
        let reader = described.reader(openings)
        let receivers = (0..<2).map { _ in NotingReceiver() }
        for receiver in receivers { reader.read(at: 0, count: 10, receiver: receiver) }
        let opening = openings.take()
        opening?(.failure(MediaError(.transferFailed, described.resource.sid, "the network is gone")))
        for receiver in receivers {
            let error = #expect(throws: MediaError.self) { try receiver.results.value().get() }
            #expect(error?.code == .transferFailed)
        }
        #expect(!reader.isOutdated && openings.count == 1)
        let receiver = NotingReceiver()
        reader.read(at: 0, count: 10, receiver: receiver)
        #expect(openings.count == 2)
        described.open(for: openings)
        #expect(try areSame(receiver.results.value().get(), bench.original.prefix(10)))
    }

    @Test("Media of another size than the file was opened with is never read")
    func changed() throws {
        let described = try Described(.voice, size: 50_000)
        let bench = described.bench
        defer { bench.shutDown() }
        let openings = Openings()
        let reader = described.reader(size: 49_999, openings)
        let receivers = (0..<2).map { _ in NotingReceiver() }
        for receiver in receivers {
            reader.read(at: 0, count: 10, receiver: receiver)
            if !reader.isOutdated { described.open(for: openings) }
            let error = #expect(throws: MediaError.self) { try receiver.results.value().get() }
            #expect(error?.code == .changed)
            #expect(reader.isOutdated && openings.count == 1)
        }
    }

    @Test(
        "An envelope that was opened lately is opened again without a private key, also after its file was let go",
        arguments: [LibraryBench.Kind.voice, .track, .composition])
    func again(kind: LibraryBench.Kind) throws {
        let described = try Described(kind, size: 50_000) { $0.idleFileLimit = 0 }
        let bench = described.bench
        defer { bench.shutDown() }
        let envelope = try described.envelope
        _ = try bench.open(described.resource, facts: described.facts)
        #expect(eventually { bench.library.factsAtHand(described.resource.sid) == nil }, "the file is let go")
        let key = Self.contentKey(bench.library, envelope)
        #expect(key != nil)
        #expect(try areSame(bench.readAll(bench.open(described.resource, facts: described.facts)), bench.original))
        let last = Self.contentKey(bench.library, envelope)
        #expect(last === key)
    }

    @Test("A content key that is kept opens what none of the private keys does")
    func withoutPrivateKey() throws {
        let described = try Described(.voice, size: 50_000)
        let bench = described.bench
        defer { bench.shutDown() }
        let envelope = try described.envelope
        _ = try bench.open(described.resource, facts: described.facts)
        let key = try #require(Self.contentKey(bench.library, envelope))
        let library = try MediaLibrary(
            clients: TwilioClients(main: bench.client), transfer: bench.transfer, keys: KeyPair.other.ring(),
            configuration: MediaLibrary.Configuration(spoolFolder: bench.folder.url.path, threadCount: 1),
            observer: NotingObserver(), logger: .silent)
        defer {
            bench.transfer.shutDown()
            library.shutDown()
        }
        func open() throws -> MediaReader {
            let results = Awaited<Result<MediaReader, MediaError>>()
            library.open(described.resource, facts: described.facts) { results.add($0) }
            return try results.value().get()
        }
        let error = #expect(throws: MediaError.self) { try open() }
        #expect(error?.code == .keyNotHeld)
        library.services.keys.note(key, of: envelope, proving: nil, by: library.services.keys.now)
        #expect(try areSame(bench.readAll(open()), bench.original))
    }
}
