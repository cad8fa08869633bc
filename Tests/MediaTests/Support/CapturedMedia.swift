import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Media

/// Media as a simulated account serves it: taken once, then served by tests themselves.
struct CapturedMedia: Sendable {
    let resource: MediaResource
    let plaintext: [UInt8]
    let served: [UInt8]
    /// The fields of the answer that tell of the envelope and the type.
    let fields: [(String, String)]
    /// Whether a tag proves what is served.
    let hasTag: Bool

    /// Sealed and unsealed media of a few blocks, some in several units of the disk cache.
    static let all = Result { try capture() }

    private static func capture() throws -> [CapturedMedia] {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 13)
        let contents = [
            "recordings/a.wav": generator.bytes(300_007), "recordings/b.wav": generator.bytes(1_250_001),
            // One byte of padding, which a wrong key may give by chance.
            "video-recordings/c.mka": Array(TestMedia.signed(Data(generator.bytes(500_015)), as: "mka")),
            "compositions/unencrypted/d.webm": Array(
                TestMedia.signed(Data(generator.bytes(200_000)), as: "webm")),
        ]
        for (name, bytes) in contents { try folder.file(name, bytes) }
        let simulator = try TwilioSimulator.start(
            SimulatorConfiguration(
                mediaFolder: folder.url.path, publicKeys: [.init(pem: KeyPair.shared.publicPEM)]))
        defer { simulator.stop() }
        let api = try TestClient(simulator)
        defer { api.shutDown() }
        return try MediaKind.allCases.flatMap { kind in
            let answers = Awaited<Result<ListAnswer, TwilioError>>()
            api.client.page(of: kind) { answers.add($0) }
            return try answers.value().get().page().resources.map { listed in
                let resource = try MediaResource(listed)
                let name = try #require(simulator.manifest[resource.sid.description]?.path)
                let receiver = Collector()
                api.transfer.download(
                    DownloadRequest(bodyLimit: .max), from: try api.client.mediaAddresses(of: resource), to: receiver)
                let (head, bytes) = try receiver.result.value().get()
                let kept = head.headers.filter {
                    $0.name.lowercased().hasPrefix("x-amz-meta") || $0.name.lowercased() == "content-type"
                }
                let plaintext = try #require(contents.first { name.hasSuffix($0.key) }?.value)
                return CapturedMedia(
                    resource: resource, plaintext: plaintext, served: bytes,
                    fields: kept.map { ($0.name, $0.value) }, hasTag: kind == .voiceRecording)
            }
        }
        .sorted { $0.plaintext.count < $1.plaintext.count }
    }

    /// Takes a whole answer.
    private final class Collector: DownloadReceiver, Sendable {
        let result = Awaited<Result<(ResponseHead, [UInt8]), TransferError>>()
        private let state = Locked<(head: ResponseHead?, bytes: [UInt8])>((nil, []))

        func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
            state.withLock { $0.head = head }
            return true
        }

        func downloadDidReceive(_ bytes: RawSpan) {
            state.withLock { state in bytes.withUnsafeBytes { state.bytes.append(contentsOf: $0) } }
        }

        func downloadDidEnd(_ result: Result<Void, TransferError>) {
            let (head, bytes) = state.withLock { $0 }
            self.result.add(
                result.flatMap {
                    head.map { .success(($0, bytes)) } ?? .failure(TransferError(.cancelled, "There was no answer."))
                })
        }
    }
}
