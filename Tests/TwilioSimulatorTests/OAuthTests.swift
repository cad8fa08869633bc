import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("OAuth tokens of the simulator", .orderly)
struct OAuthTests {
    private let bench: SimulatorBench
    private let voice: String
    private static let video = "/v1/Recordings"

    init() throws {
        bench = try SimulatorBench()
        voice = "/2010-04-01/Accounts/\(bench.simulator.credentials.accountSID)/Recordings.json"
    }

    /// Asks for a token with a form; `--data-urlencode` encodes the values.
    private func ask(_ changes: [String: String] = [:]) throws -> CurlAnswer {
        let credentials = bench.simulator.credentials
        let form = [
            "client_id": credentials.clientID, "client_secret": credentials.clientSecret,
            "grant_type": "client_credentials",
        ].merging(changes) { $1 }
        return try bench.curl(
            bench.simulator.apiURL + "/v2/token",
            form.sorted { $0.key < $1.key }.flatMap { ["--data-urlencode", "\($0)=\($1)"] })
    }

    /// The status of a request with a token.
    private func status(_ path: String, token: String) throws -> Int {
        try bench.curl(bench.simulator.apiURL + path, ["-H", "Authorization: Bearer \(token)"]).status
    }

    @Test("A token opens the account's services until it ends")
    func token() throws {
        let answer = try ask()
        #expect(answer.status == 200 && answer.json["token_type"] == "Bearer" && answer.json["expires_in"] == 3600)
        let token = try #require(answer.json["access_token"]?.string)
        #expect(try status(voice, token: token) == 200)
        #expect(try status(Self.video, token: token) == 200)
        #expect(try status(voice, token: token + "x") == 401)
        #expect(bench.simulator.givenOutTokens == [token])
        bench.simulator.endTokens()
        #expect(try status(voice, token: token) == 401)
        bench.simulator.behaviour.tokenLifetimeSeconds = 0
        bench.simulator.behaviour.announcedTokenLifetimeSeconds = 60
        let ended = try ask()
        #expect(ended.json["expires_in"] == 60)
        #expect(try status(voice, token: try #require(ended.json["access_token"]?.string)) == 401)
    }

    @Test(
        "Services refuse tokens when they are told to",
        arguments: [(.all, [200, 200]), (.voice, [200, 401]), (.video, [401, 200]), (.none, [401, 401])]
            as [(Behaviour.BearerAcceptance, [Int])])
    func acceptance(_ acceptance: Behaviour.BearerAcceptance, statuses: [Int]) throws {
        let token = try #require(try ask().json["access_token"]?.string)
        bench.simulator.behaviour.bearerAcceptance = acceptance
        #expect(try [voice, Self.video].map { try status($0, token: token) } == statuses)
    }

    @Test(
        "What isn't a request of the client is refused as RFC 6749 says",
        arguments: [
            ("client_id", "OQ0", 401, "invalid_client"), ("client_secret", "", 401, "invalid_client"),
            ("grant_type", "password", 400, "unsupported_grant_type"),
        ])
    func refusals(field: String, value: String, status: Int, name: String) throws {
        let answer = try ask([field: value])
        #expect(answer.status == status && answer.json["error"]?.string == name)
        #expect(bench.simulator.givenOutTokens.isEmpty && bench.simulator.refusedTokenCount == 1)
    }

    @Test("Tokens are counted and ended by the control")
    func control() throws {
        _ = try ask()
        _ = try ask()
        _ = try ask(["client_id": ""])
        #expect(try bench.control("tokens").json == ["given_out": 2, "refused": 1, "accepted": 2])
        #expect(try bench.control("tokens", ["-X", "DELETE"]).status == 204)
        #expect(try bench.control("tokens").json == ["given_out": 2, "refused": 1, "accepted": 0])
    }
}
