import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

import struct Foundation.URL

@testable import Media
@testable import Transfer

/// Recordings' media that a test itself serves, answer by answer, and a library without threads.
///
/// All of it happens on the test's thread.
final class AnswerBench: StreamDelegate, @unchecked Sendable {
    // Safe although unchecked: it has one thread.

    /// A download, from its request on.
    final class Download {
        let request: DownloadRequest
        let receiver: any DownloadReceiver
        var isCancelled = false
        /// The sequence of raised priorities.
        var raised: [Priority] = []
        init(_ request: DownloadRequest, _ receiver: any DownloadReceiver) {
            (self.request, self.receiver) = (request, receiver)
        }
    }

    /// What keeps requests until the test answers them.
    private final class Network: Downloader, @unchecked Sendable {
        // Safe although unchecked: it has one thread.
        var downloads: [Download] = []
        var requests: [(request: Request, answer: @Sendable (Result<Response, TransferError>) -> Void)] = []

        func download(
            _ request: DownloadRequest, from source: any AddressSource, to receiver: any DownloadReceiver
        ) -> TransferTask {
            let download = Download(request, receiver)
            downloads.append(download)
            let box = Box(download)
            return TransferTask { order in
                switch order {
                case .cancel: box.download.isCancelled = true
                case .raise(let priority): box.download.raised.append(priority)
                }
            }
        }

        private struct Box: @unchecked Sendable {
            // Safe although unchecked: all happens on one thread.
            let download: Download
            init(_ download: Download) { self.download = download }
        }

        func send(
            _ request: Request, completion: @escaping @Sendable (Result<Response, TransferError>) -> Void
        ) -> TransferTask {
            requests.append((request, completion))
            return TransferTask { _ in }
        }
    }

    /// The outcome of a description.
    struct Description {
        let result: Result<MediaFacts, MediaError>
        let ignoresRanges: Bool
    }

    /// The end of a stream, as a description's delegate is told.
    struct StreamEnd {
        let result: Result<Void, MediaError>
        let finding: MediaFinding?
    }

    private let network = Network()
    private(set) var descriptions: [Description] = []
    /// The streams that began for descriptions.
    private(set) var streams: [StreamFetch] = []
    private(set) var streamEnds: [StreamEnd] = []
    /// How far the streams have grown, and whether they were recognised by then.
    private(set) var growth: [(written: Int64, isRecognised: Bool)] = []
    private var madeLibrary: MediaLibrary?
    let clock = Locked(ContinuousClock.now)
    let resource: MediaResource
    private var madeMedia: KnownMedia?

    private static let client = Result { try TestClient(url: "http://127.0.0.1:9") }
    private static let folder = Result { try TemporaryFolder() }

    static let details = #""encryption_details":{"type":"rsa-aes","encrypted_cek":"QQ==","iv":"QQ=="}"#
    static let digits = String(repeating: "a", count: 32)

    /// Makes a resource with a number in its SID.
    static func resource(_ kind: MediaKind, _ members: String = "", number: Int = 0) throws -> MediaResource {
        let sid = "\(kind.sidPrefix)\(digits.dropLast(4))\(1000 + number)"
        let json = "{\"sid\":\"\(sid)\"\(members.isEmpty ? "" : ",")\(members)}"
        return try MediaResource(kind: kind, json: Array(json.utf8))
    }

    /// - Parameters:
    ///   - members: of the resource's JSON, besides its SID.
    ///   - facts: from an earlier description.
    init(
        _ kind: MediaKind, _ members: String = "", facts: MediaFacts? = nil, diskCache: (any BlockCache)? = nil,
        settings change: (inout MediaConfiguration) -> Void = { _ in }
    ) throws {
        resource = try Self.resource(kind, members)
        var settings = MediaConfiguration(spoolFolder: try Self.folder.get().url.path, threadCount: 1)
        settings.memory = MediaConfiguration.leastMemory(threadCount: 1)
        settings.startWorkers = { _, _ in WorkerPool() }
        settings.now = { [clock] in clock.withLock(\.self) }
        change(&settings)
        let library = try MediaLibrary(
            clients: TwilioClients(main: Self.client.get().client), transfer: network, keys: KeyPair.shared.ring(),
            diskCache: diskCache,
            configuration: settings, observer: NotingObserver(), logger: .silent)
        madeLibrary = library
        madeMedia = KnownMedia(facts, of: resource, services: library.services)
    }

    var library: MediaLibrary { madeLibrary! }
    var known: KnownMedia { madeMedia! }
    var services: MediaServices { library.services }

    /// The facts in the only description's result.
    func facts() throws -> MediaFacts {
        let description = try #require(descriptions.last)
        return try description.result.get()
    }

    /// The error in the latest description's result.
    func error() throws -> MediaError? {
        if case .failure(let error) = try #require(descriptions.last).result { error } else { nil }
    }

    // MARK: Requests

    var downloads: [Download] { network.downloads }
    var requests: [(request: Request, answer: @Sendable (Result<Response, TransferError>) -> Void)] { network.requests }

    /// Begins to describe the media.
    func describe(priority: RisingPriority = RisingPriority(.reader)) {
        DescriptionFetch(of: known, delegate: self, priority: priority) { [weak self] result, ignoresRanges in
            self?.descriptions.append(Description(result: result, ignoresRanges: ignoresRanges))
        }.start()
    }

    /// Does the queued work.
    func work() {
        while services.workers.hasWork { services.workers.runNext() }
    }

    /// Opens media with the library; the reader is there once the answers to its requests are.
    func open(_ resource: MediaResource? = nil, facts: MediaFacts? = nil) -> Awaited<Result<MediaReader, MediaError>> {
        let results = Awaited<Result<MediaReader, MediaError>>()
        library.open(resource ?? self.resource, facts: facts) { results.add($0) }
        work()
        return results
    }

    // MARK: Answers

    /// The head of an answer, from the API's own address or from a presigned one.
    func head(_ status: Int, _ fields: [(String, String)] = []) throws -> ResponseHead {
        let own = resource.kind.mediaAccess == .direct ? try known.addresses().ownAddress : nil
        let url = try #require(URL(string: "http://127.0.0.1:9/media"))
        return ResponseHead(status: status, headers: HeaderFields(fields), address: own ?? Address(url: url))
    }

    /// Answers the latest download: its head, some pieces of bytes, and an end unless the receiver wants no more.
    @discardableResult
    func answer(
        _ status: Int, _ fields: [(String, String)], at offset: Int64 = 0, _ pieces: [[UInt8]] = [],
        end: Result<Void, TransferError> = .success(())
    ) throws -> Download {
        let download = try #require(downloads.last)
        let head = try head(status, fields)
        guard download.request.refusal?(head) == nil else {
            download.receiver.downloadDidEnd(.failure(TransferError(.unusableAnswer, "It can't be media.")))
            return download
        }
        guard download.receiver.downloadDidBegin(head, at: offset) else {
            download.receiver.downloadDidEnd(.failure(.cancelled))
            return download
        }
        for piece in pieces where !download.isCancelled { download.receiver.downloadDidReceive(piece.span.bytes) }
        download.receiver.downloadDidEnd(download.isCancelled ? .failure(.cancelled) : end)
        work()
        return download
    }

    /// Answers the latest download with the part that it asks for.
    func answerPart(of media: [UInt8], _ fields: [(String, String)] = [], total: Int? = nil) throws {
        let download = try #require(downloads.last)
        let range: Range<Int> =
            switch download.request.range {
            case .bytes(let asked): (Int(asked.lowerBound)..<Int(asked.upperBound)).clamped(to: 0..<media.count)
            case .from(let offset): Int(offset)..<media.count
            case .suffix(let count): max(0, media.count - Int(count))..<media.count
            case nil: media.indices
            }
        let told = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total ?? media.count)"
        try answer(206, [("Content-Range", told)] + fields, at: Int64(range.lowerBound), [Array(media[range])])
    }

    /// Answers the latest download with all of the media, whatever it asks for.
    @discardableResult
    func answerWhole(
        _ media: [UInt8], _ fields: [(String, String)] = [], announcesLength: Bool = true, piece: Int = 20
    ) throws -> Download {
        let length = announcesLength ? [("Content-Length", "\(media.count)")] : []
        let pieces = stride(from: 0, to: media.count, by: piece).map { Array(media[$0...].prefix(piece)) }
        return try answer(200, length + fields, pieces)
    }

    /// Refuses the latest download.
    func refuse(_ status: Int, _ fields: [(String, String)] = [], body: String = "") throws {
        let response = Response(head: try head(status, fields), body: Array(body.utf8))
        try #require(downloads.last).receiver.downloadDidEnd(
            .failure(TransferError(.status, "The server answered with status \(status).", response: response)))
        work()
    }

    /// Answers the latest request for a head.
    func answerHead(_ status: Int, _ fields: [(String, String)]) throws {
        let response = Response(head: try head(status, fields), body: [])
        try #require(requests.last).answer(.success(response))
        work()
    }

    // MARK: Streams

    func descriptionDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch? {
        guard let spool = try? Spool.temporary() else { return nil }
        let stream = StreamFetch(known, to: spool, delegate: self)
        streams.append(stream)
        return stream
    }

    func streamDidGrow(_ spool: Spool, to written: Int64, isRecognised: Bool) { growth.append((written, isRecognised)) }

    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>, _ finding: MediaFinding?) {
        streamEnds.append(StreamEnd(result: result, finding: finding))
    }
}
