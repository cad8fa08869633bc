import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Signed requests to the simulator", .orderly)
struct RequestValidationTests {
    /// What Twilio's own library finds, or the error that it gets.
    private struct Finding: Decodable, Equatable {
        var recordings: [String]?
        var later: [String]?
        var videoRecordings: [String]?
        var compositions: [String]?
        var publicKeys: [String]?
        var code: Int?
    }

    private static func bench(_ mode: Behaviour.ClientValidation) throws -> SimulatorBench {
        try SimulatorBench(
            files: [
                "recordings/a.wav": Data([1]), "recordings/b.wav": Data([2]), "recordings/c.wav": Data([3]),
                "video-recordings/a.mka": Data([1]), "compositions/a.mp4": Data([1]),
            ]
        ) { $0.behaviour.clientValidation = mode }
    }

    /// Has Twilio's own library list the account.
    private func listing(
        _ bench: SimulatorBench, signedAs sid: String?, with pair: KeyPair, secret: String? = nil
    ) throws -> Finding {
        let credentials = bench.simulator.credentials
        let words =
            [bench.simulator.apiURL, credentials.accountSID, credentials.apiKey, secret ?? credentials.apiSecret]
            + (sid.map { [$0, pair.privateKey()] } ?? [])
        let output = try Python.run("validation_client", words, usesPackages: true).output
        return try JSONDecoder().decode(Finding.self, from: output)
    }

    @Test("Twilio's own library lists an account that takes signed requests only", arguments: ["enabled", "enforced"])
    func library(mode: String) throws {
        let bench = try Self.bench(#require(Behaviour.ClientValidation(rawValue: mode)))
        for (sid, pair) in try [
            (bench.simulator.publicKeySID ?? "", KeyPair.shared), (SimulatorBench.secondKeySID, KeyPair.other),
        ] {
            let found = try listing(bench, signedAs: sid, with: pair)
            let names = { (kind: MediaKind) in
                Set(bench.simulator.manifest.filter { $0.value.kind == kind }.keys)
            }
            #expect(found.code == nil)
            #expect(Set(found.recordings ?? []) == names(.recording) && found.later == found.recordings)
            #expect(Set(found.videoRecordings ?? []) == names(.videoRecording))
            #expect(Set(found.compositions ?? []) == names(.composition))
            #expect(Set(found.publicKeys ?? []) == [bench.simulator.publicKeySID ?? "", SimulatorBench.secondKeySID])
        }
        #expect(bench.simulator.requests.allSatisfy { $0.validationToken != nil && $0.status == 200 })
    }

    @Test("What is wrong with a request of Twilio's own library is told by Twilio's numbers")
    func refusals() throws {
        let (first, second) = (try KeyPair.shared, try KeyPair.other)
        let unknown = "CR" + String(repeating: "9", count: 32)
        for (mode, sid, pair, code) in [
            (.enforced, nil, first, 70052), (.enabled, nil, first, nil),
            (.disabled, nil, first, nil), (.disabled, SimulatorBench.secondKeySID, second, 70053),
            (.enforced, SimulatorBench.secondKeySID, first, 20159), (.enabled, unknown, first, 70154),
            (.enforced, "CR1", first, 70154),
        ] as [(Behaviour.ClientValidation, String?, KeyPair, Int?)] {
            let bench = try Self.bench(mode)
            let found = try listing(bench, signedAs: sid, with: pair)
            #expect(found.code == code, "\(mode) \(sid ?? "unsigned")")
            #expect((found.recordings == nil) == (code != nil))
        }
    }

    @Test("Wrong credentials come before a wrong token")
    func credentials() throws {
        let bench = try Self.bench(.enforced)
        let found = try listing(
            bench, signedAs: SimulatorBench.secondKeySID, with: KeyPair.other, secret: "another")
        #expect(found.code == 20003)
    }

    /// A token of Twilio's own library for a request.
    private func token(
        _ bench: SimulatorBench, method: String = "GET", path: String, body: String = "", time: Int? = nil,
        claims: [String: String] = [:], signed: [String] = []
    )
        throws -> String
    {
        struct Request: Encodable {
            let method, url, body: String
            let time: Int
            let claims: [String: String]
            let signed: [String]
        }
        let credentials = bench.simulator.credentials
        let request = Request(
            method: method, url: bench.simulator.apiURL + path, body: body,
            time: time ?? Int(Date().timeIntervalSince1970), claims: claims, signed: signed)
        let tokens: [String] = try Python.value(
            "validation_tokens", credentials.accountSID, credentials.apiKey, credentials.apiSecret,
            SimulatorBench.secondKeySID, KeyPair.other.privateKey(), usesPackages: true,
            input: JSONEncoder().encode([request]))
        return try #require(tokens.first)
    }

    /// The error's number, or nil for a success.
    private func code(
        _ bench: SimulatorBench, _ path: String, token: String, _ options: [String] = []
    ) throws -> Int? {
        let answer = try bench.api(path, ["-H", "Twilio-Client-Validation: \(token)"] + options)
        return answer.status < 400 ? nil : answer.json["code"]?.integer
    }

    @Test("A token is for one request: method, path, query, body and the named header fields")
    func oneRequest() throws {
        let bench = try Self.bench(.enforced)
        let path = "/v1/Recordings"
        let right = try token(bench, path: "\(path)?PageSize=2&DateCreatedAfter=2026-01-01T00%3A00%3A00Z")
        // Sorted, and encoded in one way.
        for query in [
            "PageSize=2&DateCreatedAfter=2026-01-01T00%3A00%3A00Z",
            "DateCreatedAfter=2026-01-01T00%3A00%3A00Z&PageSize=2",
            "DateCreatedAfter=2026-01-01T00:00:00Z&PageSize=2",
        ] {
            #expect(try code(bench, "\(path)?\(query)", token: right) == nil, "\(query)")
        }
        for query in ["PageSize=3&DateCreatedAfter=2026-01-01T00%3A00%3A00Z", "PageSize=2", ""] {
            #expect(try code(bench, "\(path)?\(query)", token: right) == 70156, "\(query)")
        }
        #expect(try code(bench, "/v1/Compositions", token: token(bench, path: path)) == 70156)
        #expect(try code(bench, path, token: token(bench, method: "HEAD", path: path)) == 70156)
        #expect(try code(bench, path, token: token(bench, path: path), ["-H", "Host: api.twilio.com"]) == 70156)
        let keys = "/v1/Credentials/PublicKeys/\(SimulatorBench.secondKeySID)"
        let posted = try token(bench, method: "POST", path: keys, body: "a=1")
        #expect(try code(bench, keys, token: posted, ["-d", "a=2"]) == 70156)
        // It is right, and then there is nothing to be posted.
        #expect(try code(bench, keys, token: posted, ["-d", "a=1"]) == 20404)
    }

    @Test("A token is for an API key and its account, and names fields that the request has")
    func claims() throws {
        let bench = try Self.bench(.enforced)
        let path = "/v1/Recordings"
        for (claims, signed, expected) in [
            ([:], [], nil), (["iss": "SK" + String(repeating: "9", count: 32)], [], 20153),
            (["iss": bench.simulator.credentials.accountSID], [], 20153),
            (["sub": "AC" + String(repeating: "9", count: 32)], [], 20153),
            ([:], ["authorization", "host", "x-absent"], 70155), ([:], ["host"], nil), ([:], ["user-agent"], 70156),
        ] as [([String: String], [String], Int?)] {
            let token = try token(bench, path: path, claims: claims, signed: signed)
            #expect(try code(bench, path, token: token) == expected, "\(claims) \(signed)")
        }
        // The token is right, but another credential sends it.
        let right = try token(bench, path: path)
        let login = "\(bench.simulator.credentials.accountSID):\(bench.simulator.credentials.authToken)"
        #expect(try code(bench, path, token: right, ["-u", login]) == 20153)
    }

    @Test("A token has its time")
    func times() throws {
        let bench = try Self.bench(.enabled)
        let now = Int(Date().timeIntervalSince1970)
        for (time, expected) in [(now - 200, nil), (now - 400, 20156), (now + 86_400, 20157)] as [(Int, Int?)] {
            #expect(
                try code(bench, "/v1/Recordings", token: token(bench, path: "/v1/Recordings", time: time)) == expected)
        }
    }

    @Test(
        "A token that is none is refused",
        arguments: [
            "x", "a.b.c", "..", "e30.e30.e30", "e30=.e30.e30", "eyJhbGciOiJub25lIn0.e30.",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA",
        ])
    func malformed(token: String) throws {
        let bench = try Self.bench(.enabled)
        let code = try code(bench, "/v1/Recordings", token: token)
        #expect(code == 20160 || code == 20152)
    }

    @Test("The control service and the command line say what is demanded")
    func control() throws {
        let bench = try Self.bench(.disabled)
        #expect(try bench.api("/v1/Recordings").status == 200)
        let answer = try bench.control("behaviour", ["-X", "PATCH", "-d", #"{"clientValidation":"enforced"}"#])
        #expect(answer.status == 200)
        let refused = try bench.api("/v1/Recordings")
        #expect(refused.status == 403)
        #expect(refused.json["code"]?.integer == 70052)
        let voice = try bench.api("\(bench.accountPath)/Recordings.json")
        #expect(voice.json["code"]?.integer == 70052)
        #expect(
            try bench.control("behaviour", ["-X", "PATCH", "-d", #"{"clientValidation":"perhaps"}"#]).status == 400)
    }
}
