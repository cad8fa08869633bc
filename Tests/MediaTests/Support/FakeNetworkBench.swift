import Envelope
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

import struct Foundation.URL

@testable import Media
@testable import Transfer

/// A library without threads in front of a network that a test drives, with captured media.
final class FakeNetworkBench: Sendable {
    let media: CapturedMedia
    let network: FakeNetwork
    let library: MediaLibrary
    let observer = NotingObserver()
    let clock = Locked(ContinuousClock.now)

    private static let client = Result { try TestClient(url: "http://127.0.0.1:9") }
    private static let folder = Result { try TemporaryFolder() }

    /// - Parameter kind: of the media; voice has a tag.
    init(
        _ kind: MediaKind = .voiceRecording, ring: KeyRing? = nil, diskCache: (any BlockCache)? = nil,
        settings change: (inout MediaConfiguration) -> Void = { _ in }
    ) throws {
        media = try #require(try CapturedMedia.all.get().first { $0.resource.kind == kind })
        network = FakeNetwork([media])
        var settings = MediaConfiguration(spoolFolder: try Self.folder.get().url.path, threadCount: 1)
        settings.memory = MediaConfiguration.leastMemory(threadCount: 1)
        settings.startWorkers = { _, _ in WorkerPool() }
        settings.watchesDisk = false
        settings.now = { [clock] in clock.withLock(\.self) }
        change(&settings)
        library = try MediaLibrary(
            clients: TwilioClients(main: Self.client.get().client), transfer: network,
            keys: ring ?? KeyPair.shared.ring(),
            diskCache: diskCache, configuration: settings, observer: observer, logger: .silent)
    }

    var services: MediaServices { library.services }
    var file: MediaFile? { library.state.withLock { $0.files[media.resource.sid] } }

    /// Does the queued work.
    func work() {
        for pool in [services.workers, services.disk.workers, services.storeWorker] {
            while pool.hasWork { pool.runNext() }
        }
    }

    /// Lets all downloads come to their ends, and does the work.
    func run() {
        for _ in 0..<1000 {
            work()
            guard let (number, download) = network.downloads.min(by: { $0.key < $1.key }) else { return }
            if download.isCancelled {
                network.end(number, .failure(.cancelled))
            } else if let rest = download.rest {
                if rest.isEmpty { network.end(number, .success(())) } else { network.deliver(number, 1 << 20) }
            } else {
                network.begin(number)
            }
        }
        Issue.record("it goes on for ever")
    }

    func describe() throws -> MediaFacts {
        let results = Awaited<Result<MediaFacts, MediaError>>()
        library.describe(media.resource) { results.add($0) }
        run()
        return try results.value().get()
    }

    func open(facts: MediaFacts? = nil) throws -> MediaReader {
        let results = Awaited<Result<MediaReader, MediaError>>()
        library.open(media.resource, facts: facts) { results.add($0) }
        run()
        return try results.value().get()
    }

    func read(_ reader: MediaReader, _ range: Range<Int>) throws -> [UInt8] {
        let receiver = NotingReceiver()
        reader.read(at: Int64(range.lowerBound), count: range.count, receiver: receiver)
        run()
        return try #require(receiver.results.all.first).get()
    }
}
