import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Faults and limits", .orderly)
struct FaultTests {
    private let content = noise(600_000)

    private func bench(tls: Bool = false) throws -> (SimulatorBench, String) {
        let bench = try SimulatorBench(files: ["video-recordings/unencrypted/track.mka": content]) { $0.tls = tls }
        guard !tls else { return (bench, "") }
        return (bench, try bench.address(bench.sid("track.mka")))
    }

    @Test("A rule spares the first, hits as many as it says, and then ends")
    func counts() throws {
        let (bench, address) = try bench()
        bench.simulator.faults = [FaultRule(.status(503, retryAfter: 7), host: .media, after: 1, count: 2)]
        let answers = try (0..<4).map { _ in try bench.curl(address) }
        #expect(answers.map(\.status) == [200, 503, 503, 200])
        #expect(answers[1].headers["retry-after"] == "7")
        #expect(answers[1].text.contains("<Code>SlowDown</Code>"))
    }

    @Test("A rule is for a host, a method and a pattern of paths")
    func matching() throws {
        let (bench, address) = try bench()
        bench.simulator.faults = [
            FaultRule(.status(500), host: .api, method: "DELETE"), FaultRule(.status(502), path: "/v1/Comp"),
            FaultRule(.status(504), path: "/v1/*/Media"),
        ]
        #expect(try bench.curl(address).status == 200)
        #expect(try bench.api("/v1/Recordings").status == 200)
        #expect(try bench.api("/v1/Recordings/RT0", ["-X", "DELETE"]).json["code"] == 20500)
        #expect(try bench.api("/v1/Compositions").status == 502)
        #expect(try bench.api("/v1/Recordings/RT0/Media").status == 504)
    }

    @Test("A rule with a probability hits that share of the requests, chosen by its seed alone")
    func probability() throws {
        func hits(_ seed: Int?, _ probability: Double) throws -> [Bool] {
            let (bench, address) = try bench()
            bench.simulator.faults = [
                FaultRule(.status(503), host: .media, after: 1, probability: probability, seed: seed)
            ]
            return try (0..<30).map { _ in try bench.curl(address, ["-r", "0-9"]).status == 503 }
        }
        let one = try hits(1, 0.5)
        #expect(one == (try hits(1, 0.5)))
        #expect(one != (try hits(2, 0.5)))
        #expect((5...25).contains(one.count { $0 }) && !one[0])
        // A greater share includes the smaller one.
        #expect(zip(one, try hits(1, 0.8)).allSatisfy { !$0 || $1 })
        #expect(try hits(nil, 0).allSatisfy { !$0 })
        #expect(try hits(nil, 1).count { $0 } == 29)
    }

    @Test("A fault without a place comes at places that its seed chooses, within the answer")
    func places() throws {
        func places() throws -> [Int] {
            let (bench, address) = try bench()
            bench.simulator.faults = [FaultRule(.reset(afterBytes: nil), host: .media, seed: 3)]
            let places = try (0..<20).map { _ in
                let answer = try bench.curl(address, ["-r", "0-99"])
                #expect(answer.end == .exited(56))
                return answer.body.count
            }
            #expect(bench.simulator.requests.suffix(20).map(\.fault) == places.map { .reset(afterBytes: $0) })
            return places
        }
        let found = try places()
        #expect(found == (try places()))
        #expect(found.allSatisfy { (0..<100).contains($0) } && found.contains(0) && Set(found).count > 5)
    }

    @Test("A reset comes after the bytes, and the log counts them", arguments: [0, 1000, 300_000])
    func reset(bytes: Int) throws {
        let (bench, address) = try bench()
        bench.simulator.faults = [FaultRule(.reset(afterBytes: bytes), host: .media)]
        let answer = try bench.curl(address)
        #expect(answer.end == .exited(56))
        #expect(answer.body == content.prefix(bytes))
        #expect(bench.simulator.requests.last?.bodyBytes == bytes)
    }

    @Test("An early end comes after the bytes although more was announced")
    func truncate() throws {
        let (bench, address) = try bench()
        bench.simulator.faults = [FaultRule(.truncate(afterBytes: 200_000), host: .media)]
        let answer = try bench.curl(address)
        #expect(answer.end == .exited(18))
        #expect(answer.headers["content-length"] == "600000")
        #expect(answer.body == content.prefix(200_000))
    }

    @Test(
        "A stall leaves the connection open, and stopping the simulator is quick all the same",
        arguments: [false, true])
    func stall(tls: Bool) throws {
        var (bench, address): (SimulatorBench?, String) = try bench(tls: tls)
        let options = tls ? ["-k"] : []
        if tls, let simulator = bench?.simulator, let sid = try bench?.sid("track.mka") {
            let user = "\(simulator.credentials.apiKey):\(simulator.credentials.apiSecret)"
            address = try #require(
                try bench?.curl("\(simulator.apiURL)/v1/Recordings/\(sid)/Media", ["-k", "-u", user]).headers[
                    "location"])
        }
        bench?.simulator.faults = [FaultRule(.stall(afterBytes: 100), host: .media)]
        let stalled = try #require(try bench?.curl(address, options + ["-m", "0.5"]))
        #expect(stalled.end == .exited(28))
        #expect(stalled.body == content.prefix(100))

        let reader = try RunningCommand(["curl", "-s", "-o", "/dev/null", address] + options)
        try wait(until: "the answer stalls") {
            bench?.simulator.requests.last?.bodyBytes == 100 && bench?.simulator.requests.count == 3
        }
        // The stalled answer has no end of its own: this returns, or the time limit of the test ends it.
        bench = nil
        #expect(try reader.wait().end != .exited(0))
    }

    @Test("One byte is changed, wherever the range begins")
    func corrupt() throws {
        let (bench, address) = try bench()
        bench.simulator.faults = [FaultRule(.corrupt(offset: 400_000, mask: 0x80), host: .media)]
        var expected = content
        expected[400_000] ^= 0x80
        #expect(try bench.curl(address).body == expected)
        #expect(try bench.curl(address, ["-r", "399999-400001"]).body == expected[399_999...400_001])
        #expect(try bench.curl(address, ["-r", "0-399999"]).body == content.prefix(400_000))
    }

    @Test("The ETag changes in the middle of things")
    func changeETag() throws {
        let (bench, address) = try bench()
        let tag = try #require(try bench.curl(address).headers["etag"])
        bench.simulator.faults = [FaultRule(.changeETag, count: 1)]
        let other = try #require(try bench.curl(address).headers["etag"])
        #expect(other != tag)
        #expect(try bench.curl(address).headers["etag"] == tag)
    }

    @Test("Latency is before the answer, and bandwidth is what was set")
    func pace() throws {
        let (bench, address) = try bench()
        bench.simulator.behaviour.latencyMilliseconds = 150
        #expect(try bench.curl(address).seconds >= 0.15)
        bench.simulator.behaviour.latencyMilliseconds = 0
        bench.simulator.behaviour.bytesPerSecond = 600_000
        let seconds = try bench.curl(address).seconds
        #expect(seconds > 0.9)
        // Half of the bandwidth takes longer.
        bench.simulator.behaviour.bytesPerSecond = 300_000
        #expect(try bench.curl(address).seconds > 1.8)
    }

    @Test("One request too many at once is answered with 429", arguments: [nil, 3])
    func concurrency(retryAfter: Int?) throws {
        let bench = try SimulatorBench {
            $0.behaviour.concurrencyLimit = 2
            $0.behaviour.retryAfterSeconds = retryAfter
            $0.behaviour.latencyMilliseconds = 400
        }
        let url = "\(bench.simulator.apiURL)/v1/Recordings"
        let user = "\(bench.simulator.credentials.apiKey):\(bench.simulator.credentials.apiSecret)"
        let text = try Command.run(
            ["curl", "-s", "-Z", "--parallel-immediate", "-i", "-u", user, url, url, url, url]
        ).text
        #expect(text.components(separatedBy: "HTTP/1.1 200").count - 1 == 2)
        #expect(text.components(separatedBy: "HTTP/1.1 429").count - 1 == 2)
        #expect(text.components(separatedBy: #""code":20429"#).count - 1 == 2)
        #expect(text.components(separatedBy: "Retry-After: 3").count - 1 == (retryAfter == nil ? 0 : 2))
        bench.simulator.behaviour.latencyMilliseconds = 0
        #expect(try bench.api("/v1/Recordings").headers["twilio-concurrent-requests"] == "1")
    }

    @Test("Bytes are counted only as far as a client took them")
    func abandoned() throws {
        let size = 64 << 20
        let bench = try SimulatorBench(files: ["video-recordings/unencrypted/large.mka": Data(count: size)])
        let address = try bench.address(bench.sid("large.mka"))
        try Command.shell(#"curl -s "$1" | head -c 1000000 >/dev/null"#, address)
        let sent = try #require(bench.simulator.requests.last?.bodyBytes)
        #expect(sent >= 1_000_000)
        #expect(sent < size)
    }
}
