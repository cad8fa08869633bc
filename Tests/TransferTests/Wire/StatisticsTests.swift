import FoundationEssentials
import Glibc
import MetricsTestKit
import Support
import TestSupport
import Testing

@testable import Transfer

extension TestMetrics {
    /// Requests that have ended, by host and outcome.
    var requests: [String: Int64] {
        Dictionary(
            uniqueKeysWithValues: counters(label: "http_requests_total").map {
                ($0.dimensions.map(\.1).joined(separator: " "), $0.totalValue)
            })
    }

    var retries: Int64 { counterTotal(label: "http_retries_total") }

    var receivedBytes: Int64 { counterTotal(label: "http_received_bytes_total") }
}

@Suite("What a client tells of itself", .orderly)
struct StatisticsTests {
    /// Asks until the numbers are such, within limits: those of what runs come a moment later.
    private func wait(
        for client: TransferClient, until isSo: (TransferClient.Statistics) -> Bool
    ) -> TransferClient.Statistics {
        _ = eventually { isSo(client.statistics) }
        return client.statistics
    }

    @Test("Requests are counted by host and status, repetitions and redirects each; bytes and repetitions too")
    func counts() throws {
        let server = try ScriptedServer { request, connection in
            switch (request.target.prefix { $0 != "?" }, request.index) {
            case ("/moved", _): connection.respond(302, [("Location", "/media?X-Signature=secret")])
            case (_, ..<2): connection.respond(503, [], Array("busy".utf8))
            default: connection.serve(pattern(1000), to: request)
            }
        }
        let metrics = TestMetrics()
        let client = try makeClient(metrics: metrics)
        #expect(metrics.requests.isEmpty && metrics.receivedBytes == 0)
        let record = download(client, try server.address("/media?X-Signature=secret"))
        #expect(record.isSuccess)
        #expect(download(client, try server.address("/moved")).isSuccess)
        let host = "127.0.0.1:\(server.port)"
        #expect(metrics.requests == ["\(host) 503": 2, "\(host) 200": 2, "\(host) 302": 1])
        #expect(metrics.retries == 2)
        #expect(metrics.receivedBytes == 2 * 1000 + 2 * 4)
        #expect(!"\(metrics.requests)".contains("secret") && !"\(client.statistics)".contains("secret"))
    }

    @Test("A request without an answer counts as failed, one that nobody wants any more as cancelled")
    func withoutAnswer() throws {
        let server = try ScriptedServer { request, connection in
            if request.target == "/reset" { connection.reset() } else { connection.stall() }
        }
        let metrics = TestMetrics()
        let client = try makeClient(metrics: metrics)
        let host = "127.0.0.1:\(server.port)"
        var patience = Patience.short
        // Time for one attempt at least, also on a busy machine.
        patience.giveUp = .milliseconds(500)
        #expect(download(client, try server.address("/reset"), patience: patience).error != nil)
        let failed = metrics.requests["\(host) failed"] ?? 0
        #expect(failed > 0 && metrics.requests.count == 1)
        let recorder = Recorder()
        let task = client.download(DownloadRequest(), from: try server.address("/stall"), to: recorder)
        try TestSupport.wait(until: "the request has come") {
            server.requests.contains { $0.target == "/stall" }
        }
        task.cancel()
        #expect(recorder.wait().error?.code == .cancelled)
        #expect(metrics.requests["\(host) cancelled"] == 1)
        #expect(metrics.requests.values.reduce(0, +) == failed + 1)
        // Nobody answers in time.
        patience.stall = .milliseconds(50)
        #expect(download(client, try server.address("/stall"), patience: patience).error != nil)
        #expect((metrics.requests["\(host) failed"] ?? 0) > failed)
    }

    @Test("What runs and what waits is told, by priority, and that nothing does after the end")
    func gauges() throws {
        let server = try ScriptedServer { _, connection in connection.stall() }
        let client = try makeClient(connections: 1)
        for priority in [Priority.reader, .background, .reader, .readAhead, .reader] {
            client.download(
                DownloadRequest(priority: priority), from: try server.address(), to: Recorder())
        }
        let busy = wait(for: client) { $0.running == 1 && $0.waiting.values.reduce(0, +) == 4 }
        #expect(busy.running == 1)
        #expect(busy.waiting == [.reader: 2, .readAhead: 1, .background: 1])
        #expect(busy.limiter.running == 0, "none of them goes to the account")
        client.shutDown()
        #expect(client.statistics.running == 0 && client.statistics.waiting.isEmpty)
    }

    @Test("The limiter's limit and its pause are told")
    func limiter() throws {
        let server = try ScriptedServer { _, connection in connection.respond(429, [("Retry-After", "100")]) }
        let metrics = TestMetrics()
        let client = try makeClient(accountRequests: 8, metrics: metrics)
        #expect(client.statistics.limiter.limit == 8)
        #expect(client.statistics.limiter.maximum == 8)
        #expect(client.statistics.limiter.pause == .zero)
        client.download(
            DownloadRequest(),
            from: try server.address(credentials: FixedCredential(Credential(username: "AC", password: "secret"))),
            to: Recorder())
        let refused = wait(for: client) { $0.limiter.limit < 8 }
        #expect(refused.limiter.limit == 4)
        #expect(refused.limiter.pause > .seconds(50) && refused.limiter.pause <= .seconds(100))
        #expect(metrics.requests == ["127.0.0.1:\(server.port) 429": 1])
    }

    @Test("Beyond 64 hosts all others are one, and those that are known go on")
    func boundedHosts() throws {
        let counted = TestMetrics()
        var metrics = TransferMetrics(counted)
        func count(_ host: String, times: Int) throws {
            let address = Address(url: try url("https://\(host)/path?X-Amz-Signature=secret"))
            for _ in 0..<times { metrics.requestEnded(.status(206), at: address) }
        }
        for number in 0..<70 { try count("bucket-\(number).example", times: 2) }
        try count("BUCKET-3.example", times: 1)
        #expect(counted.requests.count == 65)
        #expect(counted.requests["bucket-3.example 206"] == 3)
        #expect(counted.requests["other 206"] == 12)
        // A host that is known may answer in another way.
        metrics.requestEnded(.failed, at: Address(url: try url("https://bucket-5.example/")))
        #expect(counted.requests["bucket-5.example failed"] == 1)
        // The hosts of answers are the same.
        metrics.responseBegan(after: .milliseconds(1), from: Address(url: try url("https://bucket-69.example/")))
        #expect(try counted.expectTimer("http_first_byte_seconds", [("host", "other")]).values == [1_000_000])
        #expect(!"\(counted.requests)".contains("secret") && !"\(counted.requests)".contains("path"))
    }

    @Test("The time until an answer begins is measured by host, for each answer of a transfer")
    func firstByte() throws {
        let server = try ScriptedServer { request, connection in
            usleep(20_000)
            if request.target == "/moved" {
                connection.respond(302, [("Location", "/media")])
            } else {
                connection.serve(pattern(1000), to: request)
            }
        }
        let metrics = TestMetrics()
        let client = try makeClient(metrics: metrics)
        let start = ContinuousClock.now
        #expect(download(client, try server.address("/moved")).isSuccess)
        let elapsed = start.duration(to: .now)
        let times = try metrics.expectTimer("http_first_byte_seconds", [("host", "127.0.0.1:\(server.port)")]).values
            .map { Duration.nanoseconds($0) }
        #expect(times.count == 2 && times.allSatisfy { $0 >= .milliseconds(20) })
        #expect(times.reduce(.zero, +) <= elapsed)
    }
}
