import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Keys that reach a part of an account", .orderly)
struct KeyTests {
    private static let key = "SK" + String(repeating: "a", count: 32)

    /// The statuses of the lists of voice recordings, video recordings, compositions and accounts, with a key.
    private static func statuses(_ bench: SimulatorBench, user: String) throws -> [Int] {
        try ["\(bench.accountPath)/Recordings.json", "/v1/Recordings", "/v1/Compositions", "/2010-04-01/Accounts.json"]
            .map { try bench.curl(bench.simulator.apiURL + $0, ["-u", user]).status }
    }

    @Test(
        "A further key reaches the kinds that it was given, and is refused with its status elsewhere",
        arguments: [
            (#""kinds":["recording"]"#, [200, 401, 401, 200]),
            (#""kinds":["video-recording"],"status":403"#, [403, 200, 403, 200]),
            (#""kinds":[],"status":404"#, [404, 404, 404, 200]), (#""reachesAccounts":false"#, [200, 200, 200, 401]),
        ])
    func kinds(members: String, statuses: [Int]) throws {
        let bench = try SimulatorBench()
        let user = "\(Self.key):secret"
        #expect(try Self.statuses(bench, user: user) == [401, 401, 401, 401], "it isn't known yet")
        let body = #"{"sid":"\#(Self.key)","secret":"secret",\#(members)}"#
        #expect(try bench.control("keys", ["-d", body]).status == 201)
        #expect(try Self.statuses(bench, user: user) == statuses)
        #expect(try Self.statuses(bench, user: "\(Self.key):another") == [401, 401, 401, 401])
        #expect(try bench.api("/v1/Recordings").status == 200, "the account's own key reaches everything")
        #expect(try bench.control("keys").json.array?.count == 1)
        #expect(try bench.control("keys", ["-X", "DELETE"]).status == 204)
        #expect(try Self.statuses(bench, user: user) == [401, 401, 401, 401])
    }

    @Test("What is refused has Twilio's number, which can be changed")
    func numbers() throws {
        let bench = try SimulatorBench()
        let own = bench.simulator.credentials.apiKey
        for (status, code, expected) in [(401, nil, 20003), (403, nil, 20403), (404, nil, 20404), (403, 70052, 70052)]
            as [(Int, Int?, Int)]
        {
            bench.simulator.keys = [try SimulatedKey(sid: own, kinds: [], status: status, code: code)]
            let answer = try bench.api("\(bench.accountPath)/Recordings.json")
            #expect(answer.status == status && answer.json["code"]?.integer == expected)
        }
        bench.simulator.behaviour.errorFormat = .xml
        #expect(try bench.api("\(bench.accountPath)/Recordings.json").text.contains("<Code>70052</Code>"))
    }

    @Test("Resources and media are refused like their list")
    func resources() throws {
        let bench = try SimulatorBench(files: [
            "video-recordings/track.mka": noise(10), "recordings/call.wav": noise(10),
        ])
        bench.simulator.keys = [
            try SimulatedKey(sid: bench.simulator.credentials.apiKey, kinds: [.recording], status: 403)
        ]
        let sid = try bench.sid("track.mka")
        #expect(try bench.api("/v1/Recordings/\(sid)").status == 403)
        #expect(try bench.api("/v1/Recordings/\(sid)/Media").status == 403)
        #expect(try bench.api(bench.voiceMedia("call.wav")).status == 200)
    }

    @Test(
        "A key that can't be is refused",
        arguments: [
            #"{"sid":"SK1"}"#, #"{"sid":"AC0123456789abcdef0123456789abcdef","secret":"x"}"#,
            #"{"sid":"SK0123456789abcdef0123456789abcdef","status":200}"#,
            #"{"sid":"SK0123456789abcdef0123456789abcdef","kinds":["x"]}"#, "{}", "[",
        ])
    func nonsense(body: String) throws {
        let bench = try SimulatorBench()
        #expect(try bench.control("keys", ["-d", body]).status == 400)
        #expect(bench.simulator.keys.isEmpty)
    }

    @Test("A region without video has voice")
    func region() throws {
        let bench = try SimulatorBench { $0.behaviour.servesVideo = false }
        let own = "\(bench.simulator.credentials.apiKey):\(bench.simulator.credentials.apiSecret)"
        #expect(try Self.statuses(bench, user: own) == [200, 404, 404, 200])
    }
}
