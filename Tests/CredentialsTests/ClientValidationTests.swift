import Envelope
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
@testable import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Credentials

/// A simulated account that takes signed requests only, and a client that signs.
private final class SigningBench: Sendable {
    let simulator: TwilioSimulator
    let transfer: TransferClient
    let client: TwilioClient
    let provider: ClientValidation
    let signer: RequestSigner

    /// Starts the simulator and makes a client whose requests are signed.
    ///
    /// - Parameter videoHost: Another host name of the same server, for the video API.
    init(
        mode: Behaviour.ClientValidation = .enforced, key: KeyPair? = nil, publicKey: String? = nil,
        videoHost: String? = nil, configure: (inout SimulatorConfiguration) -> Void = { _ in },
        now: (@Sendable () -> Int64)? = nil
    ) throws {
        var configuration = try SimulatorConfiguration(
            mediaFolder: TestMedia.small.path, publicKeys: [.init(pem: KeyPair.shared.publicPEM)])
        configuration.behaviour.clientValidation = mode
        configure(&configuration)
        simulator = try TwilioSimulator.start(configuration)
        transfer = try TransferClient(TransferClient.Configuration(), logger: .silent)
        let credentials = simulator.credentials
        let account = try #require(SID(credentials.accountSID))
        let video = simulator.apiURL.replacing("127.0.0.1", with: videoHost ?? "127.0.0.1")
        let endpoints = try Endpoints(api: simulator.apiURL, video: video)
        signer = RequestSigner(
            account: account, publicKeySID: try #require(SID(publicKey ?? simulator.publicKeySID ?? "")),
            key: try (key ?? KeyPair.shared).readPrivateKey())
        let base = FixedCredential(Credential(username: credentials.apiKey, password: credentials.apiSecret))
        provider =
            if let now {
                ClientValidation(base, signer: signer, endpoints: endpoints, now: now)
            } else {
                ClientValidation(base, signer: signer, endpoints: endpoints)
            }
        client = TwilioClient(account: account, credentials: provider, endpoints: endpoints, transfer: transfer)
    }

    deinit {
        transfer.shutDown()
        simulator.stop()
    }

    /// The SIDs of a list.
    func list(_ kind: TwilioAPI.MediaKind, in interval: CreationInterval = CreationInterval()) throws -> [SID] {
        var found: [SID] = []
        var next: String?
        repeat {
            let answers = Awaited<Result<ListAnswer, TwilioError>>()
            client.page(of: kind, in: interval, next: next) { answers.add($0) }
            let page = try answers.value().get().page()
            found += page.resources.map(\.sid)
            next = page.next
        } while next != nil
        return found
    }

    func send(_ path: String, patience: Patience = .standard) throws -> Response {
        let url = try #require(URL(string: simulator.apiURL + path))
        return try transfer.sendAndWait(
            Request(address: Address(url: url, credentials: provider), patience: patience, bodyLimit: 1 << 20))
    }

    var tokens: [String?] { simulator.requests.map(\.validationToken) }
}

@Suite("Signed requests", .orderly)
struct ClientValidationTests {
    @Test("An account that takes signed requests only is listed, page by page, by kind and by date")
    func lists() throws {
        let bench = try SigningBench { $0.behaviour.pageSizeLimit = 2 }
        for kind in TwilioAPI.MediaKind.allCases {
            let all = try bench.list(kind)
            #expect(all.count >= 2, "\(kind)")
            let interval = CreationInterval(
                from: Timestamp(seconds: 1_000_000_000), until: Timestamp(seconds: 4_000_000_000))
            #expect(try bench.list(kind, in: interval) == all)
        }
        #expect(bench.simulator.requests.allSatisfy { $0.status == 200 })
        // Each request has a token of its own.
        #expect(Set(bench.tokens).count == bench.tokens.count && !bench.tokens.contains(nil))
    }

    @Test("No request is signed on the transfer thread, where everybody would wait for a key process that is stopped")
    func takesTime() throws { #expect(try SigningBench().provider.takesTime) }

    @Test("A repetition carries a token of its own, made when it is sent")
    func repetition() throws {
        let clock = Locked<Int64>(Int64(Date().timeIntervalSince1970))
        let bench = try SigningBench(now: {
            clock.withLock {
                $0 += 1; return $0
            }
        })
        bench.simulator.faults = [
            FaultRule(.status(503), count: 2), FaultRule(.reset(afterBytes: 0), after: 2, count: 1),
        ]
        #expect(try bench.list(.composition).count > 0)
        #expect(bench.tokens.count == 4 && Set(bench.tokens).count == 4 && !bench.tokens.contains(nil))
    }

    @Test("A redirect within Twilio carries a token for its own address")
    func redirect() throws {
        let bench = try SigningBench(videoHost: "localhost")
        let origin = bench.simulator.apiURL.replacing("127.0.0.1", with: "localhost")
        let target = "/v1/Compositions?PageSize=1&b=2&a=1"
        bench.simulator.faults = [
            FaultRule(
                .answer(307, type: nil, body: "", headers: ["Location": "\(origin)\(target)"]), path: "/v1/Recordings",
                count: 1),
            FaultRule(.answer(302, type: nil, body: "", headers: ["Location": target]), path: "/v1/Other", count: 1),
        ]
        for path in ["/v1/Recordings", "/v1/Other"] {
            bench.simulator.clearRequests()
            let response = try bench.send(path)
            #expect(response.head.status == 200)
            #expect(bench.simulator.requests.map(\.path) == [path, "/v1/Compositions"])
            #expect(Set(bench.tokens).count == 2 && !bench.tokens.contains(nil))
        }
    }

    @Test("Another host gets neither a token nor the API key, whatever redirects to it")
    func otherHosts() throws {
        let other = try ScriptedServer { _, connection in connection.respond(200, [], [7]) }
        let bench = try SigningBench()
        bench.simulator.faults = [
            FaultRule(
                .answer(307, type: nil, body: "", headers: ["Location": "http://127.0.0.1:\(other.port)/there"]),
                count: 1)
        ]
        #expect(try bench.send("/v1/Recordings").body == [7])
        #expect(other.requests.count == 1)
        #expect(other.requests.allSatisfy { $0["Authorization"] == nil && $0["Twilio-Client-Validation"] == nil })
    }

    @Test("Media outside of Twilio is asked for without a token; the redirect to it is signed")
    func media() throws {
        let bench = try SigningBench { $0.behaviour.voiceRedirect = .found }
        let voice = try #require(bench.simulator.manifest.first { $0.value.kind == .recording })
        let path = "/2010-04-01/Accounts/\(bench.simulator.credentials.accountSID)/Recordings/\(voice.key).wav"
        #expect(try bench.send(path).head.status == 200)
        let requests = bench.simulator.requests
        #expect(requests.map(\.host) == [.api, .media])
        #expect(requests.map { $0.validationToken == nil } == [false, true])
        #expect(requests.map(\.authorization) == [true, false])
    }

    @Test(
        "What Twilio refuses is told with what to do about it",
        arguments: [
            // Minutes are enough, beyond the token's five.
            ("unsigned", 70052, "--signing-key"), ("disabled", 70053, "leave out --signing-key"),
            ("other key", 20159, "doesn't belong"), ("other SID", 70154, "no usable public key"),
            ("slow clock", 20156, "set this machine's clock"),
            ("fast clock", 20157, "set this machine's clock"),
        ])
    func refusals(what: String, code: Int, words: String) throws {
        let now = Int64(Date().timeIntervalSince1970)
        let bench =
            switch what {
            case "unsigned", "disabled": try SigningBench(mode: what == "unsigned" ? .enforced : .disabled)
            case "other key": try SigningBench(key: KeyPair.other)
            case "other SID": try SigningBench(publicKey: "CR" + String(repeating: "9", count: 32))
            case "slow clock": try SigningBench(now: { now - 360 })
            default: try SigningBench(now: { now + 86_400 })
            }
        var client = bench.client
        let simulator = bench.simulator
        if what == "unsigned" {
            client = TwilioClient(
                account: client.account,
                credentials: FixedCredential(
                    Credential(username: simulator.credentials.apiKey, password: simulator.credentials.apiSecret)),
                endpoints: try Endpoints(api: simulator.apiURL, video: simulator.apiURL), transfer: bench.transfer)
        }
        let error = #expect(throws: TwilioError.self) {
            try CredentialCheck(patience: .standard).run(client, [.voiceRecording])
        }
        #expect(error?.code == .unauthorized && error?.twilioCode == code, "\(String(describing: error))")
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("Another key signs from the next request on")
    func rotation() throws {
        let second = "CR" + String(repeating: "2", count: 32)
        let bench = try SigningBench { configuration in
            if let other = try? KeyPair.other {
                configuration.publicKeys.append(.init(sid: second, pem: other.publicPEM))
            }
        }
        #expect(try bench.send("/v1/Recordings").head.status == 200)
        bench.provider.use(
            RequestSigner(
                account: bench.client.account, publicKeySID: try #require(SID(second)),
                key: try KeyPair.other.readPrivateKey()))
        #expect(try bench.send("/v1/Recordings").head.status == 200)
        let headers = bench.tokens.map { token in
            let part = token?.split(separator: ".").first.map(String.init) ?? ""
            let padding = String(repeating: "=", count: (4 - part.count % 4) % 4)
            return String(decoding: Data(base64Encoded: part + padding) ?? Data(), as: UTF8.self)
        }
        #expect(headers.count == 2 && headers[0] != headers[1] && headers[1].contains(second))
    }

    @Test("A token covers host names below twilio.com with https, and the account's own addresses")
    func covered() throws {
        let endpoints = try Endpoints(region: "ie1", api: "http://127.0.0.1:4010")
        func isIncluded(_ text: String) throws -> Bool {
            let url = try #require(URL(string: text))
            return try endpoints.includes(#require(Address(url: url).origin))
        }
        for text in [
            "https://api.twilio.com", "https://twilio.com/a", "https://video.dublin.ie1.twilio.com:443/",
            "https://API.Twilio.com", "http://127.0.0.1:4010/x", "http://127.0.0.1:4010",
        ] {
            #expect(try isIncluded(text), "\(text)")
        }
        for text in [
            "http://127.0.0.1:4011/", "https://127.0.0.1:4010/", "https://twilio.com.evil.example",
            "https://mytwilio.com",
            "https://com-twilio.s3.amazonaws.com/", "http://localhost:4010/",
        ] {
            #expect(try !isIncluded(text), "\(text)")
        }
    }

    /// A provider for Twilio's own hosts at the beginning of 1970, and what it signs with.
    private static func twilios() throws -> (ClientValidation, RequestSigner, Credential) {
        func sid(_ prefix: String) throws -> SID { try #require(SID(prefix + String(repeating: "5", count: 32))) }
        let signer = RequestSigner(
            account: try sid("AC"), publicKeySID: try sid("CR"), key: try KeyPair.shared.readPrivateKey())
        let credential = Credential(username: try sid("SK").description, password: "secret")
        let provider = ClientValidation(
            FixedCredential(credential), signer: signer, endpoints: try Endpoints(), now: { 0 })
        return (provider, signer, credential)
    }

    @Test(
        "A redirect to a host that only looks like Twilio's loses API key and token, or isn't followed",
        arguments: [
            "https://eviltwilio.com/", "https://twilio.com.evil.org/", "https://api.twilio.com.evil.org:443/",
            "https://api-twilio.com/", "https://api.twilio.com:8443/", "https://twilio.com:80/",
            "https://api.twilio.com./", "https://api.twilio.com.:443/", "https://.twilio.com.evil.org/",
            "https://evil.org/twilio.com", "https://evil.org?.twilio.com", "https://evil.org#.twilio.com",
            "https://evil.org\\.twilio.com/", "https://evil.org%2f.twilio.com/", "https://evil.org%00.twilio.com/",
            "https://api.twilio.com@evil.org/", "https://user:secret@api.twilio.com/",
            "https://api.twilio.com:@evil.org",
            "https://evil.org:443@api.twilio.com/", "http://api.twilio.com/", "//evil.org/", "///evil.org/",
            "https://xn--twilio-com.org/", "https://api.tw\u{0131}lio.com/", "https://api.twilio\u{3002}com.evil.org/",
            "https://api.twilio.co/", "https://com-twilio.s3.amazonaws.com/", "https://media.twiliocdn.com/",
            "ftp://api.twilio.com/", "https://127.0.0.1/", "https://[::1]/", "https:api.twilio.com.evil.org",
        ])
    func lookAlikes(location: String) throws {
        let (provider, _, _) = try Self.twilios()
        let here = Address(url: try #require(URL(string: "https://api.twilio.com/v1/a")), credentials: provider)
        // Without an address, the redirect isn't followed.
        guard let there = try? here.redirected(to: location) else { return }
        #expect(there.credentials == nil, "\(there.url)")
        // Even if it were asked.
        if case .signed = provider.authorization(for: OutgoingRequest(method: .get, url: there.url)) {
            Issue.record("a request to \(there.url) is signed")
        }
    }

    @Test(
        "A redirect to another host of Twilio's keeps the API key, and has a token of its own",
        arguments: [
            "https://video.twilio.com/v1/b?x=1", "https://API.TWILIO.COM:443/v1/b?x=1", "//video.twilio.com/v1/b?x=1",
            "https://api.dublin.ie1.twilio.com/v1/b?x=1", "/v1/b?x=1", "b?x=1",
        ])
    func withinTwilio(location: String) throws {
        let (provider, signer, credential) = try Self.twilios()
        let here = Address(url: try #require(URL(string: "https://api.twilio.com/v1/a")), credentials: provider)
        let there = try here.redirected(to: location)
        #expect(there.credentials === provider)
        let request = OutgoingRequest(method: .get, url: there.url)
        let token = try signer.token(for: request, credential: credential, now: 0)
        #expect(try provider.authorization(for: request) == .signed(credential, token: #require(token)))
    }

    @Test("A link to the next page is followed with a token that fits, however the link is encoded")
    func links() throws {
        let bench = try SigningBench()
        let path = "/2010-04-01/Accounts/\(bench.client.account)/Recordings.json"
        for query in [
            "PageSize=2&DateCreated>=2000-01-01", "DateCreated%3e=2000-01-01T00:00:00Z&PageSize=2",
            "PageSize=2&&Other=a+b",
            "PageSize=2&Other=*'()!$,;@/?:", "PageSize=2&%4fther=%7e%2f%2F~", "PageSize=2&Other",
            "PageSize=2&Other==&=",
        ] {
            let answers = Awaited<Result<ListAnswer, TwilioError>>()
            bench.client.page(of: .voiceRecording, next: "\(path)?\(query)") { answers.add($0) }
            #expect(throws: Never.self, "\(query)") { _ = try answers.value().get().page() }
        }
    }

    @Test("Signing takes less than a tenth of the time in which pages of a list are fetched")
    func speed() throws {
        let bench = try SigningBench { $0.generatedRecordings = 2_000 }
        let clock = ContinuousClock()
        // The fastest of several: whatever else the machine does only adds to them.
        func fastest(_ work: () throws -> Void) rethrows -> Duration {
            var best = Duration.seconds(3600)
            for _ in 0..<15 { best = min(best, try clock.measure(work)) }
            return best
        }
        let page = try fastest {
            let answers = Awaited<Result<ListAnswer, TwilioError>>()
            bench.client.page(of: .voiceRecording) { answers.add($0) }
            let count = try answers.value().get().page().resources.count
            #expect(count == 1000)
        }
        let url = try #require(URL(string: "\(bench.simulator.apiURL)/v1/Recordings?PageSize=100"))
        let signature = try fastest {
            _ = try #require(bench.provider.authorization(for: OutgoingRequest(method: .get, url: url)))
        }
        #expect(signature * 10 < page, "\(signature) for a signature, \(page) for a page")
    }

    @Test("The base provider renews an API key that was refused")
    func renewal() throws {
        let bench = try SigningBench()
        let base = RotatingKey(bench.simulator.credentials)
        let provider = ClientValidation(
            base, signer: bench.signer,
            endpoints: try Endpoints(api: bench.simulator.apiURL, video: bench.simulator.apiURL))
        let url = try #require(URL(string: "\(bench.simulator.apiURL)/v1/Recordings"))
        let first = try #require(provider.authorization(for: OutgoingRequest(method: .get, url: url)))
        #expect(first.headers.map(\.0) == ["Twilio-Client-Validation"])
        let renewed = Awaited<Bool>()
        provider.renew(refused: first, priority: .reader) { renewed.add((try? $0.get()) ?? false) }
        #expect(try renewed.value())
        #expect(base.refused == [.basic(Credential(username: bench.simulator.credentials.apiKey, password: "old"))])
        #expect(provider.isRefusal(status: 401, body: []) && !provider.isRefusal(status: 403, body: []))
        for (code, isRefusal) in [(70154, true), (20159, true), (70052, false), (20003, false)] {
            let body = Array(#"{"code":\#(code),"message":"no","status":403}"#.utf8)
            #expect(provider.isRefusal(status: 403, body: body) == isRefusal)
            #expect(!provider.isRefusal(status: 404, body: body))
        }
    }

    @Test("Neither a provider nor an authorization prints a token or a secret")
    func secrets() throws {
        let bench = try SigningBench()
        let url = try #require(URL(string: "\(bench.simulator.apiURL)/v1/Recordings"))
        let authorization = try #require(bench.provider.authorization(for: OutgoingRequest(method: .get, url: url)))
        guard case .signed(let credential, let token) = authorization else {
            Issue.record("\(authorization) isn't signed")
            return
        }
        var text = ""
        dump((authorization, bench.provider, credential), to: &text)
        text += "\(authorization) \(bench.provider) \(String(reflecting: authorization))"
        #expect(!text.contains(token) && !text.contains(bench.simulator.credentials.apiSecret))
    }
}

/// A provider whose API key was replaced.
private final class RotatingKey: CredentialProvider {
    private let state: Locked<(password: String, refused: [Authorization])>
    private let credentials: SimulatedCredentials

    init(_ credentials: SimulatedCredentials) {
        self.credentials = credentials
        state = Locked((password: "old", refused: []))
    }

    var refused: [Authorization] { state.withLock { $0.refused } }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        .basic(Credential(username: credentials.apiKey, password: state.withLock { $0.password }))
    }

    func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        state.withLock { state in
            state.password = credentials.apiSecret
            if let refused { state.refused.append(refused) }
        }
        completion(.success(true))
    }
}
