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
