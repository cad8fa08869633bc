import Envelope
import Foundation
import MetricsTestKit
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Media

/// Notes what a library tells its observer.
final class NotingObserver: MediaObserver {
    enum Event: Hashable {
        case described(SID, Int64)
        case changed(SID)
        case verified(SID)
        case doubtful(SID)
        case forged(SID)
    }

    private let noted = Condition<[Event]>([])

    var events: [Event] { noted.change { $0 } }

    /// Waits for an event, which may come a moment after the read that it is about.
    func hasNoted(_ event: Event) -> Bool {
        noted.waitUntil(timeout: .seconds(20)) { $0.contains(event) }
    }

    func mediaWasDescribed(_ sid: SID, of account: SID?, as facts: MediaFacts) {
        noted.change { $0.append(.described(sid, facts.plaintextSize)) }
    }

    func mediaHasChanged(_ sid: SID, of account: SID?) { noted.change { $0.append(.changed(sid)) } }

    func mediaWasVerified(_ sid: SID, of account: SID?) { noted.change { $0.append(.verified(sid)) } }

    func mediaIsDoubtful(_ sid: SID, of account: SID?) { noted.change { $0.append(.doubtful(sid)) } }

    func mediaFailedAuthentication(_ sid: SID, of account: SID?) { noted.change { $0.append(.forged(sid)) } }
}

/// A simulated account with one file of each kind, and a library that reads it.
final class LibraryBench: Sendable {
    /// What there is: each way of sealing, and none.
    enum Kind: String, CaseIterable, Sendable {
        case voice = "recordings/a.wav"
        case track = "video-recordings/b.mka"
        case composition = "compositions/c.mp4"
        case unsealed = "compositions/unencrypted/d.webm"
        case unsealedVoice = "recordings/unencrypted/e.wav"

        var isSealed: Bool { self != .unsealed && self != .unsealedVoice }

        /// Whether media of the kind can be so small: what isn't sealed has a signature.
        func canHave(size: Int) -> Bool { isSealed || size >= 12 }
    }

    let folder: TemporaryFolder
    let original: [UInt8]
    let simulator: TwilioSimulator
    let observer = NotingObserver()
    let metrics = TestMetrics()
    private let api: TestClient
    let library: MediaLibrary

    /// - Parameters:
    ///   - generated: how many voice recordings there are besides.
    ///   - apiURL: where the 2010 API is, if not in the simulator.
    ///   - ring: the keys that are held; our own unless told otherwise.
    ///   - diskCache: keeps ciphertext; nothing does unless told otherwise.
    init(
        _ kind: Kind, size: Int, generated: Int = 0, apiURL: String? = nil, ring: KeyRing? = nil,
        diskCache: (any BlockCache)? = nil,
        settings: (inout MediaLibrary.Configuration) -> Void = { _ in },
        behaviour change: (inout Behaviour) -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: UInt64(size) &+ 1)
        let data = Data(generator.bytes(size))
        original = Array(kind == .voice ? data : TestMedia.signed(data, as: URL(filePath: kind.rawValue).pathExtension))
        try folder.file(kind.rawValue, original)
        var configuration = try SimulatorConfiguration(
            mediaFolder: folder.url.path, publicKeys: [.init(pem: KeyPair.shared.publicPEM)])
        configuration.generatedRecordings = generated
        change(&configuration.behaviour)
        simulator = try TwilioSimulator.start(configuration)
        api = try TestClient(simulator, apiURL: apiURL)
        var configured = MediaLibrary.Configuration(spoolFolder: folder.url.path, threadCount: 2)
        settings(&configured)
        library = try MediaLibrary(
            clients: TwilioClients(main: api.client), transfer: api.transfer,
            keys: try ring ?? KeyPair.shared.ring(), diskCache: diskCache, configuration: configured,
            observer: observer, metrics: metrics, logger: .silent)
    }

    var transfer: TransferClient { api.transfer }
    var client: TwilioClient { api.client }

    /// To be called at the end of a test: threads hold the parts until then.
    func shutDown() {
        transfer.shutDown()
        library.shutDown()
        simulator.stop()
    }

    /// The resource of the one file, as the list has it.
    func resource() throws -> MediaResource {
        let sid = try #require(simulator.manifest.keys.first)
        let kind = try #require(TwilioAPI.MediaKind.allCases.first { sid.hasPrefix($0.sidPrefix) })
        let answers = Awaited<Result<ListAnswer, TwilioError>>()
        client.page(of: kind) { answers.add($0) }
        let resources = try answers.value().get().page().resources.map { try MediaResource($0) }
        return try #require(resources.first { $0.sid.description == sid })
    }

    /// The resources of all voice recordings, as the list has them.
    func voiceResources() throws -> [MediaResource] {
        let answers = Awaited<Result<ListAnswer, TwilioError>>()
        client.page(of: .voiceRecording) { answers.add($0) }
        return try answers.value().get().page().resources.map { try MediaResource($0) }
    }

    /// Makes a resource and forgets the requests that it took.
    func freshResource() throws -> MediaResource {
        let resource = try resource()
        simulator.clearRequests()
        return resource
    }

    func describe(_ resource: MediaResource) throws -> MediaFacts {
        let results = Awaited<Result<MediaFacts, MediaError>>()
        library.describe(resource) { results.add($0) }
        return try results.value().get()
    }

    func open(
        _ resource: MediaResource, facts: MediaFacts? = nil, integrity: Integrity? = nil
    ) throws -> MediaReader {
        let results = Awaited<Result<MediaReader, MediaError>>()
        library.open(resource, facts: facts, integrity: integrity) { results.add($0) }
        return try results.value().get()
    }

    /// Reads all of a file, a piece after the other.
    func readAll(_ reader: MediaReader, piece: Int = 128 << 10) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let next = try Self.read(reader, at: Int64(bytes.count), count: piece)
            if next.isEmpty { return bytes }
            bytes += next
        }
    }

    static func read(_ reader: MediaReader, at offset: Int64, count: Int) throws -> [UInt8] {
        try reader.read(at: offset, count: count)
    }

    /// The requests for media so far, those for its address left out.
    var mediaRequests: [LoggedRequest] {
        simulator.requests.filter { $0.host == .media || $0.path.hasSuffix(".wav") }
    }
}
