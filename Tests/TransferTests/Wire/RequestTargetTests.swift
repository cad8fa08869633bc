import TestSupport
import Testing

@testable import Transfer

/// A provider that keeps the requests that it is asked for.
private final class WatchingCredential: CredentialProvider {
    let requests = Awaited<OutgoingRequest>()
    let credential: Credential

    init(_ credential: Credential) { self.credential = credential }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        requests.add(request)
        return .signed(credential, token: "a.b.c")
    }
}

@Suite("What a signature covers, and what is sent", .orderly)
struct RequestTargetTests {
    @Test(
        "Host, path, query and credential are known as libcurl sends them",
        arguments: [
            "", "/", "/?", "?", "?a=1", "/a/../b/./c//d", "/%7e%2F%2f~", "/a?b=2&a=1&&=&c", "/?q=%3C%3E|<>^`{}\"",
            "/ä€/ö?ü=ß", "/a b?c d", "/a;b=c,d!e$f'g(h)i*j+k@l:m", "/a?x=1#fragment", "/?x=[1]", "/a?b?c=d/e:f@g",
        ])
    func target(path: String) throws {
        let server = try ScriptedServer { _, connection in connection.respond(200) }
        let provider = WatchingCredential(Credential(username: "ü:ser", password: "pass:wörd \u{1F600}"))
        let client = try makeClient()
        let address = try server.address(path, credentials: provider)
        for method in [Request.Method.get, .post] {
            _ = try client.sendAndWait(Request(method: method, address: address, body: method == .post ? [1] : []))
        }
        let asked = provider.requests.all
        try #require(asked.count == 2 && server.requests.count == 2)
        for (request, sent) in zip(asked, server.requests) {
            let target = try #require(request.target)
            #expect(request.method.rawValue == sent.method && request.body == sent.body)
            #expect(sent["Host"] == target.host)
            let query = target.query.isEmpty ? "" : "?\(target.query)"
            // A question mark without a query may stay.
            #expect(sent.target == target.path + query || sent.target == "\(target.path)?" && query.isEmpty)
            #expect(sent["Authorization"] == provider.credential.fieldValue)
            #expect(sent["Twilio-Client-Validation"] == "a.b.c")
        }
    }

    @Test(
        "The scheme's own port isn't in Host",
        arguments: [
            ("https://h.example", "h.example"), ("https://h.example:443/", "h.example"),
            ("https://h.example:80/", "h.example:80"),
            ("http://127.0.0.1:80/", "127.0.0.1"), ("http://[::1]:8080/", "[::1]:8080"),
            ("https://H.Example/", "H.Example"),
        ])
    func ports(text: String, host: String) throws {
        #expect(try OutgoingRequest(method: .get, url: url(text)).target?.host == host)
    }

    @Test("A URL that can't be used has no target")
    func unusable() throws {
        #expect(try OutgoingRequest(method: .get, url: url("mailto:a@b")).target == nil)
    }
}
