import FoundationEssentials
import Logging
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Credentials

@Suite("OAuth", .orderly)
struct OAuthProviderTests {
    private static let secret = "s+e/c&r=e%t ü"
    /// An answer that has begun and goes on with nothing, or with spaces.
    private static let headOnly = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n{"

    /// A provider, and the client that carries its requests; both end with the test.
    private final class Bench {
        let transfer: TransferClient
        let provider: OAuthProvider
        let log = RecordedLog(.trace)
        let time = Locked(ContinuousClock.now)

        init(
            _ url: String, identifier: String = "OQ1", secret: String = secret, firstWait: Duration = .seconds(5)
        ) throws {
            transfer = try TransferClient(TransferClient.Configuration(), logger: log.logger)
            provider = OAuthProvider(
                tokenURL: try #require(URL(string: url)), firstWait: firstWait, logger: log.logger,
                now: { [time] in time.withLock { $0 } }
            ) { OAuthClient(identifier: identifier, secret: secret) }
            provider.connect(to: transfer)
        }

        deinit { transfer.shutDown() }

        func pass(_ seconds: Double) { time.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }

        /// The token of a request; nil when it has to be obtained.
        var token: BearerToken? {
            let request = OutgoingRequest(method: .get, url: URL(filePath: "/"))
            guard case .bearer(let token)? = provider.authorization(for: request) else { return nil }
            return token
        }

        /// Asks for a token and waits for the answer.
        func renew(refused: BearerToken? = nil) throws -> Result<Bool, TwilioError> {
            let answers = Awaited<Result<Bool, any Error>>()
            provider.renew(refused: refused.map { .bearer($0) }, priority: .reader) { answers.add($0) }
            switch try answers.value() {
            case .success(let isNewer): return .success(isNewer)
            case .failure(let error): return .failure(try #require(error as? TwilioError))
            }
        }

        /// All that was logged.
        var logged: String {
            log.events.map { "\($0.message) \($0.metadata ?? [:]) \($0.error.map { "\($0)" } ?? "")" }.joined()
        }
    }

    /// A service that gives out the tokens t1, t2, ….
    private func service(lifetime: Int = 3600) throws -> ScriptedServer {
        try ScriptedServer { request, connection in
            connection.respond(
                200, [("Content-Type", "application/json")],
                Array(
                    #"{"access_token":"t\#(request.index + 1)","token_type":"Bearer","expires_in":\#(lifetime)}"#
                        .utf8))
        }
    }

    private func url(_ server: ScriptedServer) -> String { "http://127.0.0.1:\(server.port)/v2/token" }

    @Test("A token is asked for with the client's form, and is used until it is due")
    func request() throws {
        let server = try service()
        let bench = try Bench(url(server))
        #expect(bench.token == nil)
        #expect(try bench.renew().get())
        #expect(bench.token == BearerToken("t1") && bench.token == BearerToken("t1"))
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.method == "POST" && request.target == "/v2/token" && request["Authorization"] == nil)
        #expect(request["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "client_id=OQ1&client_secret=s%2Be%2Fc%26r%3De%25t%20%C3%BC&grant_type=client_credentials")
    }

    @Test("Many who wait have one token asked for, and all get it")
    func once() throws {
        let isReleased = Condition(false)
        let server = try ScriptedServer { _, connection in
            _ = isReleased.waitUntil(timeout: .seconds(20)) { $0 }
            connection.respond(200, [], Array(#"{"access_token":"t1"}"#.utf8))
        }
        let bench = try Bench(url(server))
        let answers = Awaited<Bool>()
        for _ in 0..<50 {
            bench.provider.renew(refused: nil, priority: .background) { answers.add((try? $0.get()) == true) }
        }
        isReleased.change { $0 = true }
        #expect(try answers.values(50).allSatisfy { $0 })
        #expect(server.requests.count == 1)
    }

    @Test("A token is renewed ahead of its end, once, while the old one serves on")
    func ahead() throws {
        let server = try service()
        let bench = try Bench(url(server))
        #expect(try bench.renew().get())
        bench.pass(3299)
        #expect(bench.token == BearerToken("t1") && server.requests.count == 1)
        bench.pass(1)
        for _ in 0..<10 { #expect(bench.token != nil) }
        #expect(eventually { bench.token == BearerToken("t2") })
        #expect(server.requests.count == 2)
    }

    @Test("A token that has ended isn't sent, and a refused one is replaced")
    func ends() throws {
        let server = try service(lifetime: 100)
        let bench = try Bench(url(server))
        #expect(try bench.renew().get())
        bench.pass(95)
        #expect(bench.token == nil)
        #expect(try bench.renew().get())
        #expect(bench.token == BearerToken("t2"))
        bench.pass(5)
        #expect(try bench.renew(refused: BearerToken("t1")).get(), "there is another one")
        #expect(server.requests.count == 2)
        #expect(try bench.renew(refused: BearerToken("t2")).get())
        #expect(bench.token == BearerToken("t3"))
        let limit = TokenKeeper.newTokenRefusalLimit
        for number in 3..<3 + limit {
            #expect(try bench.renew(refused: BearerToken("t\(number)")).get())
        }
        #expect(try !bench.renew(refused: BearerToken("t\(3 + limit)")).get(), "the host refuses new tokens")
        #expect(server.requests.count == 3 + limit)
    }

    @Test("A service that is down for a moment is asked again, although asking is a POST")
    func repeated() throws {
        let server = try ScriptedServer { request, connection in
            switch request.index {
            case 0: connection.respond(503)
            case 1: connection.hangUp()
            default: connection.respond(200, [], Array(#"{"access_token":"t"}"#.utf8))
            }
        }
        let bench = try Bench(url(server))
        #expect(try bench.renew().get())
        #expect(server.requests.count == 3)
    }

    @Test("Failures are sentences with a remedy and without a secret, and answer for a while")
    func failures() throws {
        let page = #"<html>\#(Self.secret)</html>"#
        let large = String(repeating: "a", count: 1 << 20)
        for (status, body, code, words) in [
            (401, #"{"error":"invalid_client"}"#, .unauthorized, ["OQ1", "invalid_client", "--client-secret-file"]),
            (400, #"{"error":"\#(Self.secret)","code":20001}"#, .unauthorized, ["error 20001", "status 400"]),
            (403, page, .unauthorized, ["status 403"]),
            (429, "", .refused, ["status 429"]),
            (302, "", .malformedAnswer, ["redirects", "status 302", "--oauth-url"]),
            (307, "", .malformedAnswer, ["redirects", "status 307", "--oauth-url"]),
            (308, "", .malformedAnswer, ["redirects", "status 308", "--oauth-url"]),
            (404, page, .malformedAnswer, ["doesn't give out", "status 404", "--oauth-url"]),
            (405, "", .malformedAnswer, ["status 405", "--oauth-url"]),
            (204, "", .malformedAnswer, ["isn't JSON"]),
            (200, page, .malformedAnswer, ["isn't JSON", "--oauth-url"]),
            (200, String(repeating: "[", count: 60_000), .malformedAnswer, ["isn't JSON"]),
            (200, #"{"access_token":"\#(large)"}"#, .malformedAnswer, ["sends too much", "--oauth-url"]),
            (200, #"{"token":"\#(Self.secret)"}"#, .malformedAnswer, ["without a usable access_token"]),
        ] as [(Int, String, TwilioErrorCode, [String])] {
            let server = try ScriptedServer { _, connection in
                connection.respond(status, [("Location", "/elsewhere"), ("Retry-After", "60")], Array(body.utf8))
            }
            let bench = try Bench(url(server))
            let error = try #require(try bench.renew().failureForTest)
            #expect(error.code == code && words.allSatisfy(error.message.contains), "\(error)")
            #expect(try bench.renew().failureForTest?.message == error.message, "it is remembered")
            #expect(server.requests.count == 1)
            bench.pass(5)
            _ = try bench.renew()
            // The client keeps the pause that the host asks for with a 429.
            #expect(server.requests.count == (status == 429 ? 1 : 2))
            for text in ["\(error)", bench.logged] {
                #expect(!text.contains(Self.secret) && !text.contains("s%2Be"), "\(text)")
            }
        }
    }

    @Test("A client that is asked to wait a moment asks again, within the first wait")
    func asksAgain() throws {
        let server = try ScriptedServer { request, connection in
            if request.index == 0 { return connection.respond(429, [("Retry-After", "1")]) }
            connection.respond(200, [], Array(#"{"access_token":"t"}"#.utf8))
        }
        #expect(try Bench(url(server)).renew().get())
        #expect(server.requests.count == 2)
    }

    @Test(
        "A redirect to another host isn't followed, so the secret goes nowhere else", arguments: [301, 302, 307, 308])
    func redirected(status: Int) throws {
        let other = try service()
        let server = try ScriptedServer { [address = url(other)] _, connection in
            connection.respond(status, [("Location", address)])
        }
        let bench = try Bench(url(server))
        #expect(throws: TwilioError.self) { try bench.renew().get() }
        #expect(bench.token == nil && other.requests.isEmpty)
    }

    @Test(
        "A service that hangs keeps nobody longer than the first request waits, wherever it hangs",
        arguments: [("", 0), (headOnly, 0), (headOnly, 1000)])
    func hangs(start: String, spaces: Int) throws {
        let server = try ScriptedServer { _, connection in
            connection.send(start)
            connection.trickle(Array(repeating: UInt8(ascii: " "), count: spaces), microseconds: 200_000)
            connection.stall()
        }
        let bench = try Bench(url(server), firstWait: .seconds(2))
        let begin = ContinuousClock.now
        let error = try #require(try bench.renew().failureForTest)
        #expect(begin.duration(to: .now) < .seconds(10), "a mount's start waits as long")
        #expect(error.code == .unreachable && error.message.contains("OAuth token of 127.0.0.1"), "\(error)")
        #expect(try bench.renew().failureForTest?.message == error.message, "who comes next needn't wait")
    }

    @Test("A refused token that can't be replaced is a failure of who waits, and isn't said to serve on")
    func refusedWithoutNews() throws {
        let server = try ScriptedServer { request, connection in
            connection.respond(request.index == 0 ? 200 : 401, [], Array(#"{"access_token":"t1"}"#.utf8))
        }
        let bench = try Bench(url(server))
        #expect(try bench.renew().get())
        bench.pass(60)
        #expect(try bench.renew(refused: bench.token).failureForTest?.code == .unauthorized)
        #expect(!bench.logged.contains("the old one ends"), "\(bench.logged)")
    }

    @Test("An unreachable service is said to be that")
    func unreachable() throws {
        let server = try service()
        let address = url(server)
        server.stop()
        let bench = try Bench(address)
        let error = try #require(try bench.renew().failureForTest)
        #expect(error.code == .unreachable && error.message.contains("OAuth token"), "\(error)")
    }

    @Test("Tokens and secrets are in no text and no log line")
    func secrecy() throws {
        let server = try ScriptedServer { _, connection in
            connection.respond(200, [], Array(#"{"access_token":"hunter2"}"#.utf8))
        }
        let bench = try Bench(url(server), secret: "hunter2")
        #expect(try bench.renew().get())
        let token = try #require(bench.token)
        var texts = [bench.logged]
        for value in [
            token, Authorization.bearer(token), OAuthClient(identifier: "OQ1", secret: "hunter2"),
            try TokenAnswer(Array(#"{"access_token":"hunter2"}"#.utf8)),
            Authorization.signed(Credential(username: "SK1", password: "hunter2"), token: "hunter2"),
            AWSSignature(
                accessKey: "AK1", secretKey: "hunter2", sessionToken: "hunter2", region: "eu-west-1", service: "s3"),
        ] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            texts += ["\(value)", String(reflecting: value), dumped]
        }
        #expect(texts.allSatisfy { !$0.contains("hunter2") }, "\(texts)")
        #expect(!bench.logged.isEmpty)
    }

    @Test("Requests for lists wait for the one token, and go on when all tokens have been ended")
    func client() throws {
        let account = try SimulatedAccount(media: nil)
        let simulator = account.simulator
        let bench = try Bench(
            simulator.apiURL + "/v2/token", identifier: simulator.credentials.clientID,
            secret: simulator.credentials.clientSecret)
        let client = TwilioClient(
            account: try #require(SID(account.sid)), credentials: bench.provider,
            endpoints: try Endpoints(api: simulator.apiURL, video: simulator.apiURL), transfer: bench.transfer)
        func ask(_ count: Int) throws -> [TwilioError] {
            let answers = Awaited<TwilioError?>()
            for index in 0..<count {
                client.page(of: TwilioAPI.MediaKind.allCases[index % 3], priority: .reader) { result in
                    answers.add(result.failureForTest)
                }
            }
            return try answers.values(count).compactMap(\.self)
        }
        #expect(try ask(60).isEmpty)
        #expect(simulator.givenOutTokens.count == 1)
        bench.pass(60)
        simulator.endTokens()
        #expect(try ask(60).isEmpty)
        #expect(simulator.givenOutTokens.count == 2)
        simulator.behaviour.bearerAcceptance = .voice
        bench.pass(60)
        let given = simulator.givenOutTokens.count
        let errors = try ask(3)
        #expect(errors.count == 2)
        #expect(simulator.givenOutTokens.count <= given + 2, "no more are asked for than might help")
        simulator.behaviour.bearerAcceptance = .all
        try account.add(faults: #"{"path": "/v1/", "action": {"type": "status", "code": 403}}"#)
        let forbidden = try ask(3)
        #expect(forbidden.count == 2)
        for error in forbidden {
            #expect(error.code == .unauthorized && error.message.contains("refused the OAuth client"), "\(error)")
        }
        #expect(simulator.givenOutTokens.count <= given + 2, "another token may do no more")
        for error in errors {
            #expect(error.code == .unauthorized && error.message.contains("doesn't accept OAuth tokens"), "\(error)")
            #expect(error.remedy?.contains("API key") == true)
        }
    }

    private struct Seen: Decodable {
        let method: String
        let url: String
        let type: String
        let fields: [String: String]
    }

    @Test("A token is asked for as twilio-python does, which the simulator serves as well")
    func oracle() throws {
        let account = try SimulatedAccount(media: nil)
        let simulator = account.simulator
        let credentials = simulator.credentials
        let theirs: Seen = try Python.value(
            "oauth_client", simulator.apiURL, account.sid, credentials.clientID, credentials.clientSecret,
            usesPackages: true)
        #expect(theirs.url == "\(try Endpoints().oauth)")
        let server = try service()
        let bench = try Bench(url(server), identifier: credentials.clientID, secret: credentials.clientSecret)
        #expect(try bench.renew().get())
        let ours = try #require(server.requests.first)
        #expect(ours.method == theirs.method && ours["Content-Type"] == theirs.type)
        var components = URLComponents()
        components.percentEncodedQuery = String(decoding: ours.body, as: UTF8.self)
        let fields = (components.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        #expect(Dictionary(fields) { "\($0), \($1)" } == theirs.fields)
        #expect(simulator.givenOutTokens.count == 1)
        let lists = account.requests.filter { $0.path.hasSuffix("/Recordings.json") }
        #expect(lists.map(\.status) == [200] && lists.map(\.account) == [account.sid])
    }
}

extension Result {
    fileprivate var failureForTest: Failure? { if case .failure(let error) = self { error } else { nil } }
}
