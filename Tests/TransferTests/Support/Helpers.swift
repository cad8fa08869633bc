import FoundationEssentials
import Logging
import Testing

@testable import Transfer

/// Numbers that are the same in every run, from a seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Bytes in which every position can be told from its neighbours.
func pattern(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

extension Patience {
    /// Short enough for tests, long enough for a busy machine.
    static let short = Patience(
        connect: .seconds(2), stall: .milliseconds(400), giveUp: .seconds(5), firstBackoff: .milliseconds(1),
        maximalBackoff: .milliseconds(20))
}

func url(_ text: String) throws -> URL {
    try #require(URL(string: text))
}

extension ScriptedServer {
    func address(_ path: String = "/media", credential: Credential? = nil) throws -> Address {
        Address(url: try url("http://127.0.0.1:\(port)\(path)"), credential: credential)
    }
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func makeClient(
    authorities: String? = nil, connections: Int = 16, accountRequests: Int = 8, logger: Logger = silentLogger
) throws -> TransferClient {
    try TransferClient(
        .init(
            certificateAuthorityFile: authorities, userAgent: "tests", maximalConnections: connections,
            maximalConcurrentAccountRequests: accountRequests),
        logger: logger)
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
