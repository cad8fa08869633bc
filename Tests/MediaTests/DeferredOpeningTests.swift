import Envelope
import Foundation
import Logging
import ModuleTestSupport
import TestSupport
import Testing
import Support
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
    /// A reader of a described file that is opened when something is read of it.
    private static func reader(
        _ bench: LibraryBench, _ resource: MediaResource, size: Int64, _ openings: Openings
    ) -> MediaReader {
        bench.library.deferOpening(of: resource.sid, size: size, hasTag: resource.kind == .voiceRecording) {
            openings.add($0)
        }
    }

    /// Opens the file for the reader that waits for it.
    private static func open(
        _ bench: LibraryBench, _ resource: MediaResource, _ facts: MediaFacts, for openings: Openings
    ) {
        let opening = openings.take()
        bench.library.open(resource, facts: facts) { opening?($0) }
    }

    /// The envelope that was described.
    private static func envelope(_ resource: MediaResource, _ facts: MediaFacts) throws -> EnvelopeMetadata {
        try #require(try MediaFacts.envelope(of: resource, fields: facts.envelopeFields))
    }

    /// The content key that a library keeps of an envelope.
    ///
    /// One that is unwrapped takes the place of the one before. So the same object wasn't unwrapped again.
    private static func contentKey(_ library: MediaLibrary, _ envelope: EnvelopeMetadata) -> ContentEncryptionKey? {
        library.services.contentKeys.withLock { $0.key(of: envelope) }
    }

    @Test(
        "It needs neither a request nor the content key; the first reads need one opening, and later ones none",
        arguments: [LibraryBench.Kind.voice, .track, .composition])
    func firstRead(kind: LibraryBench.Kind) throws {
        let bench = try LibraryBench(kind, size: 300_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let envelope = try Self.envelope(resource, facts)
        bench.simulator.clearRequests()
        do {
            let openings = Openings()
            let reader = Self.reader(bench, resource, size: facts.plaintextSize, openings)
            #expect(bench.library.statistics.openFiles == 1)
            #expect(openings.count == 0 && bench.simulator.requests.isEmpty)
            let early = Self.contentKey(bench.library, envelope)
            #expect(early == nil, "nothing is unwrapped")

            let receivers = (0..<3).map { _ in NotingReceiver() }
            for receiver in receivers { reader.read(at: 100_000, count: 1000, receiver: receiver) }
            #expect(openings.count == 1)
            Self.open(bench, resource, facts, for: openings)
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
        let bench = try LibraryBench(.voice, size: 50_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let openings = Openings()
        let reader = Self.reader(bench, resource, size: facts.plaintextSize, openings)
        let receivers = (0..<2).map { _ in NotingReceiver() }
        for receiver in receivers { reader.read(at: 0, count: 10, receiver: receiver) }
        let opening = openings.take()
        opening?(.failure(MediaError(.transferFailed, resource.sid, "the network is gone")))
        for receiver in receivers {
            let error = #expect(throws: MediaError.self) { try receiver.results.value().get() }
            #expect(error?.code == .transferFailed)
        }
        #expect(!reader.isOutdated && openings.count == 1)
        let receiver = NotingReceiver()
        reader.read(at: 0, count: 10, receiver: receiver)
        #expect(openings.count == 2)
        Self.open(bench, resource, facts, for: openings)
        #expect(try areSame(receiver.results.value().get(), bench.original.prefix(10)))
    }

    @Test("Media of another size than the file was opened with is never read")
    func changed() throws {
        let bench = try LibraryBench(.voice, size: 50_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let openings = Openings()
        let reader = Self.reader(bench, resource, size: 49_999, openings)
        let receivers = (0..<2).map { _ in NotingReceiver() }
        for receiver in receivers {
            reader.read(at: 0, count: 10, receiver: receiver)
            if !reader.isOutdated { Self.open(bench, resource, facts, for: openings) }
            let error = #expect(throws: MediaError.self) { try receiver.results.value().get() }
            #expect(error?.code == .changed)
            #expect(reader.isOutdated && openings.count == 1)
        }
    }

    @Test(
        "An envelope that was opened lately is opened again without a private key, also after its file was let go",
        arguments: [LibraryBench.Kind.voice, .track, .composition])
    func again(kind: LibraryBench.Kind) throws {
        let bench = try LibraryBench(kind, size: 50_000) { $0.idleFileLimit = 0 }
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let envelope = try Self.envelope(resource, facts)
        _ = try bench.open(resource, facts: facts)
        #expect(eventually { bench.library.factsAtHand(resource.sid) == nil }, "the file is let go")
        let key = Self.contentKey(bench.library, envelope)
        #expect(key != nil)
        #expect(try areSame(bench.readAll(bench.open(resource, facts: facts)), bench.original))
        let last = Self.contentKey(bench.library, envelope)
        #expect(last === key)
    }

    @Test("A content key that is kept opens what none of the private keys does")
    func withoutPrivateKey() throws {
        let bench = try LibraryBench(.voice, size: 50_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let envelope = try Self.envelope(resource, facts)
        _ = try bench.open(resource, facts: facts)
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
            library.open(resource, facts: facts) { results.add($0) }
            return try results.value().get()
        }
        let error = #expect(throws: MediaError.self) { try open() }
        #expect(error?.code == .keyNotHeld)
        library.services.contentKeys.withLock { $0.insert(key, of: envelope) }
        #expect(try areSame(bench.readAll(open()), bench.original))
    }
}
