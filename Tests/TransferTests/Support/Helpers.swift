import FoundationEssentials
import Logging
import Metrics
import TestSupport
import Testing

@testable import Transfer

/// Bytes in which every position can be told from its neighbours.
func pattern(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return generator.bytes(count)
}

extension Patience {
    /// Short enough for tests, long enough for a busy machine.
    static let short = Patience(
        connect: .seconds(2), stall: .milliseconds(400), giveUp: .seconds(5), firstBackoff: .milliseconds(1),
        maximalBackoff: .milliseconds(20))
}

extension Request {
    /// Makes a request for an answer that is small.
    init(
        method: Method = .get, address: Address, body: [UInt8] = [], priority: Priority = .background,
        redirects: RedirectPolicy = .follow, patience: Patience = .standard, retriesNotFound: Bool = false,
        isHarmless: Bool = false, refusal: (@Sendable (Response) -> String?)? = nil
    ) {
        self.init(
            method: method, address: address, body: body, priority: priority, redirects: redirects,
            patience: patience, bodyLimit: 1 << 20, retriesNotFound: retriesNotFound, isHarmless: isHarmless,
            refusal: refusal)
    }
}

extension DownloadRequest {
    /// Makes a request for a download of any size.
    init(
        range: ByteRange? = nil, priority: Priority = .reader, patience: Patience = .media,
        retriesNotFound: Bool = false, expectedEntityTag: String? = nil,
        refusal: (@Sendable (ResponseHead) -> String?)? = nil, earlierFailures: Int = 0
    ) {
        self.init(
            range: range, bodyLimit: .max, priority: priority, patience: patience, retriesNotFound: retriesNotFound,
            expectedEntityTag: expectedEntityTag, refusal: refusal, earlierFailures: earlierFailures)
    }
}

func url(_ text: String) throws -> URL {
    try #require(URL(string: text))
}

extension ScriptedServer {
    func address(
        _ path: String = "/media", credentials: (any CredentialProvider)? = nil
    ) throws -> Address {
        Address(url: try url("http://127.0.0.1:\(port)\(path)"), credentials: credentials)
    }
}

func makeClient(
    authorities: String? = nil, connections: Int = 16, accountRequests: Int = 8,
    metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger = .silent
) throws -> TransferClient {
    try TransferClient(
        .init(
            certificateAuthorityFile: authorities, userAgent: "tests", maximalConnections: connections,
            maximalConcurrentAccountRequests: accountRequests),
        metrics: metrics, logger: logger)
}

/// Downloads and waits for the end.
func download(
    _ client: TransferClient, _ source: any AddressSource, range: ByteRange? = nil, patience: Patience = .short,
    retriesNotFound: Bool = false, expecting tag: String? = nil
) -> Recorder.Record {
    let recorder = Recorder()
    client.download(
        DownloadRequest(
            range: range, patience: patience, retriesNotFound: retriesNotFound, expectedEntityTag: tag),
        from: source, to: recorder)
    return recorder.wait()
}

/// Sends and returns the error that it ends with, if it does.
func failure(_ client: TransferClient, _ request: Request) -> TransferError? {
    do throws(TransferError) {
        _ = try client.sendAndWait(request)
        return nil
    } catch {
        return error
    }
}
