import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

/// A provider whose password is another one each time, and that keeps what it is asked for.
private final class RenewingCredential: CredentialProvider {
    private let questions = Locked<[String]>([])

    /// Method and path of each request that it was asked for.
    var asked: [String] { questions.withLock { $0 } }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        let count = questions.withLock { questions in
            questions.append("\(request.method.rawValue) \(request.url.path())")
            return questions.count
        }
        return .basic(Credential(username: "u", password: "p\(count)"))
    }
}

/// A provider whose token arrives later.
private final class LateToken: CredentialProvider {
    private struct State {
        var token: BearerToken?
        var next: String?
        var waiters: [@Sendable (Result<Bool, any Error>) -> Void] = []
    }

    private let state = Locked(State())

    /// The token that replaces a refused one.
    var next: String? {
        get { state.withLock { $0.next } }
        set { state.withLock { $0.next = newValue } }
    }

    func arrive(_ text: String) {
        let waiters = state.withLock { state in
            state.token = BearerToken(text)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter(.success(true)) }
    }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        state.withLock { $0.token }.map { .bearer($0) }
    }

    func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        state.withLock { $0.waiters.append(completion) }
        if refused != nil, let next { arrive(next) }
    }
}

@Suite("Credentials over a socket", .orderly)
struct CredentialTests {
    /// base64 of "u:p1", "u:p2" and "u:p3", made with coreutils.
    private static let authorizations: [String?] = ["Basic dTpwMQ==", "Basic dTpwMg==", "Basic dTpwMw=="]

    @Test("A repetition and a redirect within the origin are sent with the credential of that moment")
    func renewal() throws {
        let server = try ScriptedServer { request, connection in
            switch request.index {
            case 0: connection.respond(503)
            case 1: connection.respond(302, [("Location", "/b")])
            default: connection.respond(200, [], [1])
            }
        }
        let provider = RenewingCredential()
        let request = Request(address: try server.address("/a", credentials: provider), patience: .short)
        #expect(try makeClient().sendAndWait(request).body == [1])
        #expect(server.requests.map { $0["Authorization"] } == Self.authorizations)
        #expect(provider.asked == ["GET /a", "GET /a", "GET /b"])
    }

    @Test("A download that goes on after a break asks for the credential again")
    func resumption() throws {
        let resource = pattern(100_000)
        let server = try ScriptedServer { request, connection in
            connection.serve(resource, to: request, upTo: request.index < 2 ? 40_000 : .max)
            if request.index < 2 { connection.hangUp() }
        }
        let provider = RenewingCredential()
        let record = download(try makeClient(), try server.address("/a", credentials: provider))
        #expect(record.isSuccess && record.bytes == resource)
        #expect(server.requests.map { $0["Authorization"] } == Self.authorizations)
        #expect(provider.asked == ["GET /a", "GET /a", "GET /a"])
    }

    @Test("For another origin the provider isn't even asked")
    func otherOrigin() throws {
        let other = try ScriptedServer { _, connection in connection.respond(200, [], [2]) }
        let server = try ScriptedServer { [port = other.port] _, connection in
            connection.respond(307, [("Location", "http://127.0.0.1:\(port)/there")])
        }
        let provider = RenewingCredential()
        let request = Request(address: try server.address("/here", credentials: provider))
        let response = try makeClient().sendAndWait(request)
        #expect(response.body == [2] && response.head.address.credentials == nil)
        #expect(other.requests.map { $0["Authorization"] } == [nil])
        #expect(provider.asked == ["GET /here"])
    }

    @Test("A request that waits for its credential holds no place: with one connection, others go on")
    func waitingAside() throws {
        let server = try ScriptedServer { _, connection in connection.respond(200, [], [1]) }
        let client = try makeClient(connections: 1, accountRequests: 1)
        let provider = LateToken()
        let waiting = Awaited<Result<Response, TransferError>>()
        for _ in 0..<3 {
            client.send(Request(address: try server.address("/a", credentials: provider), priority: .reader)) {
                waiting.add($0)
            }
        }
        let ready = FixedCredential(Credential(username: "u", password: "p"))
        for credentials in [nil, ready] {
            #expect(
                try client.sendAndWait(Request(address: server.address("/b", credentials: credentials))).body == [1])
        }
        #expect(waiting.all.isEmpty && server.requests.count == 2)
        provider.arrive("token-1")
        #expect(try waiting.values(3).allSatisfy { (try? $0.get().body) == [1] })
        #expect(
            server.requests.dropFirst(2).map { $0["Authorization"] } == Array(repeating: "Bearer token-1", count: 3))
    }

    @Test("A token that is refused is replaced on the wire, and the body is sent again")
    func replaced() throws {
        let server = try ScriptedServer { request, connection in
            connection.respond(request["Authorization"] == "Bearer new" ? 200 : 401, [], [1])
        }
        let provider = LateToken()
        provider.arrive("old")
        provider.next = "new"
        let request = Request(
            method: .post, address: try server.address("/a", credentials: provider), body: [7, 8], patience: .short)
        #expect(try makeClient().sendAndWait(request).body == [1])
        #expect(server.requests.map { $0["Authorization"] } == ["Bearer old", "Bearer new"])
        #expect(server.requests.map(\.body) == [[7, 8], [7, 8]])
    }

    @Test("What a signature covers is told: method, URL, body and the fields that are sent")
    func outgoing() throws {
        final class Recording: CredentialProvider {
            let requests = Locked<[OutgoingRequest]>([])
            func authorization(for request: OutgoingRequest) -> Authorization? {
                requests.withLock { $0.append(request) }
                return .signed(Credential(username: "u", password: "p1"), token: "a.b.c")
            }
        }
        let server = try ScriptedServer { _, connection in connection.respond(200, [], [1]) }
        let provider = Recording()
        let address = try server.address("/a?b=c%20d", credentials: provider)
        let client = try makeClient()
        for request in [
            Request(address: address),
            Request(method: .post, address: address, body: [1, 2]),
        ] {
            _ = try client.sendAndWait(request)
        }
        let told = provider.requests.withLock { $0 }
        #expect(told.map(\.method) == [.get, .post] && told.map(\.body) == [[], [1, 2]])
        for (told, sent) in zip(told, server.requests) {
            #expect(told.url.absoluteString.hasSuffix(sent.target))
            #expect(sent["Authorization"] == "Basic dTpwMQ==" && sent["Twilio-Client-Validation"] == "a.b.c")
            for (name, value) in told.headers { #expect(sent[name] == value) }
            // What isn't told is libcurl's own, or the authorization's.
            let others = Set(sent.fields.map { $0.name.lowercased() }).subtracting(
                told.headers.map { $0.0.lowercased() })
            #expect(
                others.isSubset(of: [
                    "host", "user-agent", "accept", "content-length", "content-type", "authorization",
                    "twilio-client-validation",
                ]), "\(others)")
        }
    }

    @Test(
        "An authorization that could begin another field is never sent",
        arguments: [
            Authorization.signed(Credential(username: "u", password: "p"), token: "a\r\nX-Other: 1"),
            .signed(Credential(username: "u", password: "p"), token: ""),
            .aws(AWSSignature(accessKey: "A", secretKey: "s", sessionToken: "a\nb", region: "r", service: "s3")),
            .aws(AWSSignature(accessKey: "A", secretKey: "s", region: "r\n", service: "s3")),
            .aws(AWSSignature(accessKey: "A", secretKey: "s", region: "r:other", service: "s3")),
        ])
    func injection(authorization: Authorization) throws {
        final class Given: CredentialProvider {
            let given: Authorization
            init(_ given: Authorization) { self.given = given }
            func authorization(for request: OutgoingRequest) -> Authorization? { given }
        }
        let server = try ScriptedServer { _, connection in connection.respond(200) }
        let request = Request(address: try server.address("/a", credentials: Given(authorization)))
        #expect(failure(try makeClient(), request)?.code == .invalidConfiguration)
        #expect(server.requests.isEmpty)
    }

    @Test("A server that wants a password doesn't get the secret of a signature, whatever it asks for")
    func challenges() throws {
        final class Signing: CredentialProvider {
            func authorization(for request: OutgoingRequest) -> Authorization? {
                .aws(AWSSignature(accessKey: "AKIA", secretKey: "hush", region: "eu-west-1", service: "s3"))
            }
        }
        for challenge in ["Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"y\"", "NTLM", "Negotiate"] {
            let server = try ScriptedServer { _, connection in
                connection.respond(401, [("WWW-Authenticate", challenge)])
            }
            let request = Request(address: try server.address("/a", credentials: Signing()), patience: .short)
            #expect(failure(try makeClient(), request)?.status == 401)
            #expect(!server.requests.isEmpty)
            for request in server.requests {
                let fields = request.fields.filter { $0.name.lowercased() == "authorization" }.map(\.value)
                #expect(fields.count == 1 && fields.allSatisfy { $0.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIA/") })
            }
        }
    }

    @Test("Addresses are the same when the same provider knows their credential")
    func equality() throws {
        let provider = FixedCredential(Credential(username: "u", password: "p"))
        let here = Address(url: try url("https://h.example/"), credentials: provider)
        #expect(here == Address(url: try url("https://h.example/"), credentials: provider))
        #expect(here != Address(url: try url("https://h.example/")))
        let others = FixedCredential(Credential(username: "u", password: "p"))
        #expect(here != Address(url: try url("https://h.example/"), credentials: others))
        #expect(Set([here, here]).count == 1)
    }
}
