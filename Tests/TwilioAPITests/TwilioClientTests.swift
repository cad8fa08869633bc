import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import Transfer
@testable import TwilioAPI

@Suite("A client of the API", .orderly)
struct TwilioClientTests {
    @Test("All pages together have every recording once, in the list's order")
    func paging() throws {
        let bench = try AccountBench { $0.generatedRecordings = 2500 }
        let pages = try bench.pages(of: .voiceRecording)
        #expect(pages.map(\.resources.count) == [1000, 1000, 500])
        #expect(
            pages.flatMap(\.resources).map(\.sid.description)
                == (0..<2500).map { TwilioSimulator.generatedSID($0) })
    }

    @Test("A list is complete whatever the size of its pages", arguments: [1, 2, 3, 7, 100])
    func pageSizes(limit: Int) throws {
        let bench = try AccountBench { $0.behaviour.pageSizeLimit = limit }
        for number in 0..<7 {
            let digits = AccountBench.digits.dropLast() + "\(number)"
            try bench.simulator.add(.composition, fields: ["sid": .string("CJ\(digits)")])
            try bench.simulator.add(.videoRecording, fields: ["sid": .string("RT\(digits)")])
        }
        for kind in [TwilioAPI.MediaKind.composition, .videoRecording] {
            let pages = try bench.pages(of: kind)
            #expect(pages.count == max(1, (7 + limit - 1) / limit))
            #expect(Set(pages.flatMap(\.resources).map(\.sid)).count == 7)
        }
    }

    @Test("An empty list is one page without a link", arguments: TwilioAPI.MediaKind.allCases)
    func emptyList(kind: TwilioAPI.MediaKind) throws {
        let bench = try AccountBench()
        let page = try bench.client.page(of: kind)
        #expect(page.resources.isEmpty)
        #expect(page.next == nil)
    }

    @Test(
        "The query of a link is encoded in one way, whose meaning is the same",
        arguments: [
            ("Page=1&PageToken=PARE0", "Page=1&PageToken=PARE0"),
            ("a>=2026-11-21T00:00:00Z", "a%3E=2026-11-21T00%3A00%3A00Z"),
            ("a%3e=%7e%2f~%41", "a%3E=~%2F~A"), ("a=b+c%20d%2B", "a=b%20c%20d%2B"), ("&&a=1&&b&", "a=1&b"),
            ("a=b=c&==", "a=b%3Dc&=%3D"), ("a=%zz%4", "a=%25zz%254"), ("a=%+1", "a=%25%201"),
            ("ü=%C3%BC", "%C3%BC=%C3%BC"),
            ("a=*'()!$,;@/?", "a=%2A%27%28%29%21%24%2C%3B%40%2F%3F"), ("", ""), ("%", "%25"),
        ])
    func encoding(query: String, expected: String) {
        #expect(PageLink.encodedAnew(query) == expected)
        #expect(PageLink.encodedAnew(expected) == expected)
    }

    @Test(
        "A link to the same list is followed on the configured address, whatever host of Twilio's it names",
        arguments: [
            "https://video.twilio.com/v1/Recordings?Page=1&PageToken=a%2Fb", "/v1/Recordings?Page=1&PageToken=a%2Fb",
            "https://video.dublin.ie1.twilio.com/v1/Recordings?Page=1&PageToken=a%2Fb",
            "//video.twilio.com/v1/Recordings?Page=1&PageToken=a%2Fb#fragment",
            "https://user:secret@video.twilio.com:1/v1/Recordings?Page=1&PageToken=a%2Fb",
            "http://127.0.0.1/base/v1/Recordings?Page=1&PageToken=a%2Fb",
        ])
    func linksStayHere(link: String) throws {
        let server = try LoopbackServer { request in
            LoopbackServer.Answer(body: Array(#"{"recordings":[],"meta":{"next_page_url":null}}"#.utf8))
        }
        defer { server.stop() }
        try Self.withClient(of: server) { client in
            _ = try client.page(of: .videoRecording, next: link)
        }
        #expect(server.requests.map(\.target) == ["/base/v1/Recordings?Page=1&PageToken=a%2Fb"])
        #expect(server.requests.first?["Authorization"] == "Basic bmFtZTp3b3Jk")
    }

    @Test(
        "A link to another host, account, list or path isn't followed, nor one that is no address or too long",
        arguments: [
            "", "x", "?Page=2", "https://h", "mailto:a@b", "http://evil.example/v1/Recordings?Page=1",
            "//evil.example/v1/Recordings", "https://twilio.com.evil.example/v1/Recordings", "/v1/Compositions?Page=1",
            "/v1/Recordings/../Rooms", "/v1/Recordings/", "/v1/Recordings/RT00112233445566778899aabbccddeeff",
            "/2010-04-01/Accounts/AC00112233445566778899aabbccddeeff/Recordings.json?Page=1", "/v1/%52ecordings",
            "/v1/Recordings?PageToken=\(String(repeating: "x", count: 3000))", "/v1/Rec\u{1B}]0;forged\u{7}",
        ])
    func otherLinks(link: String) throws {
        let server = try LoopbackServer { _ in LoopbackServer.Answer(status: 500) }
        defer { server.stop() }
        let error = #expect(throws: TwilioError.self) {
            try Self.withClient(of: server) { _ = try $0.page(of: .videoRecording, next: link) }
        }
        #expect(error?.code == .malformedAnswer)
        #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 32 } == true)
        #expect((error?.message.utf8.count ?? 0) < 400)
        #expect(server.requests.isEmpty)
    }

    @Test("A link into another account isn't followed")
    func otherAccount() throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.Answer(body: Array(#"{"recordings":[],"next_page_uri":null}"#.utf8))
        }
        defer { server.stop() }
        try Self.withClient(of: server) { client in
            let path = "/2010-04-01/Accounts/\(client.account)/Recordings.json?Page=1"
            _ = try client.page(of: .voiceRecording, next: path)
            let other = path.replacing("AC0", with: "AC1")
            #expect(throws: TwilioError.self) { try client.page(of: .voiceRecording, next: other) }
            #expect(server.requests.map(\.target) == [path])
        }
    }

    private static func withClient(of server: LoopbackServer, _ body: (TwilioClient) throws -> Void) throws {
        let api = try TestClient(url: server.url, video: "\(server.url)/base/")
        defer { api.shutDown() }
        try body(api.client)
    }

    @Test("Wrong credentials are told as such, with Twilio's number", arguments: ErrorFormat.allCases)
    func wrongCredentials(format: ErrorFormat) throws {
        let bench = try AccountBench(password: "wrong") { $0.behaviour.errorFormat = format.behaviour }
        let error = #expect(throws: TwilioError.self) {
            try CredentialCheck(patience: Patience(giveUp: .seconds(5))).run(
                bench.client, Set(TwilioAPI.MediaKind.allCases))
        }
        #expect(error?.code == .unauthorized)
        #expect(error?.status == 401)
        #expect(error?.twilioCode == 20003)
        #expect(error?.message.contains("wrong") == false)
        #expect(throws: TwilioError.self) { try bench.client.page(of: .composition) }
    }

    enum ErrorFormat: CaseIterable {
        case json, xml

        var behaviour: Behaviour.ErrorFormat { self == .json ? .json : .xml }
    }

    @Test("Right credentials are verified with one small request for each kind, and none for the others")
    func rightCredentials() throws {
        let bench = try AccountBench { $0.generatedRecordings = 100 }
        for kinds in [[.voiceRecording], [.videoRecording, .composition], TwilioAPI.MediaKind.allCases]
            as [[TwilioAPI.MediaKind]]
        {
            bench.simulator.clearRequests()
            try CredentialCheck(patience: Patience(giveUp: .seconds(5))).run(bench.client, Set(kinds))
            #expect(
                Set(bench.simulator.requests.map(\.path)) == Set(kinds.map(bench.client.listAddress)))
            #expect(bench.simulator.requests.count == kinds.count)
            #expect(bench.simulator.requests.allSatisfy { $0.bodyBytes < 4096 })
        }
    }

    @Test(
        "An answer that isn't the account's list doesn't pass for one, of whatever kind",
        arguments: [
            "<html>Please log in</html>", "", "{}", "[]", #"{"recordings":[],"compositions":[]}"#,
            #"{"recordings":{},"compositions":{},"next_page_uri":null}"#,
            #"{"recordings":[{"account_sid":"AC99999999999999999999999999999999"}],"#
                + #""compositions":[{"account_sid":"AC99999999999999999999999999999999"}],"next_page_uri":null}"#,
        ])
    func otherAnswers(body: String) throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.Answer(fields: [("Content-Type", "text/html")], body: Array(body.utf8))
        }
        defer { server.stop() }
        try Self.withClient(of: server) { client in
            for kind in TwilioAPI.MediaKind.allCases {
                let error = #expect(throws: TwilioError.self) {
                    try CredentialCheck(patience: Patience()).run(client, [kind])
                }
                #expect(error?.code == .malformedAnswer, "\(kind)")
            }
        }
    }

    @Test(
        "A redirect that leads nowhere is the server's fault, not a setting's",
        arguments: [
            "https://user:word@127.0.0.1/", "ftp://127.0.0.1/", "http://example.com/", "http://127.0.0.1:99999/",
        ])
    func redirects(location: String) throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.Answer(status: 302, fields: [("Location", location)])
        }
        defer { server.stop() }
        try Self.withClient(of: server) { client in
            let error = #expect(throws: TwilioError.self) {
                try CredentialCheck(patience: Patience()).run(client, Set(TwilioAPI.MediaKind.allCases))
            }
            #expect(error?.code == .malformedAnswer, "\(location)")
        }
    }

    @Test("A server that isn't there is unreachable")
    func unreachable() throws {
        let server = try LoopbackServer { _ in LoopbackServer.Answer() }
        server.stop()
        let api = try TestClient(url: server.url)
        defer { api.shutDown() }
        let error = #expect(throws: TwilioError.self) {
            try CredentialCheck(patience: Patience(giveUp: .milliseconds(300), firstBackoff: .milliseconds(20))).run(
                api.client, Set(TwilioAPI.MediaKind.allCases))
        }
        #expect(error?.code == .unreachable)
        #expect(error?.status == nil)
    }

    @Test("A single resource is found, and one that isn't there is told as not found")
    func single() throws {
        let bench = try AccountBench()
        for kind in TwilioAPI.MediaKind.allCases {
            let sid = try #require(SID(kind.sidPrefix + AccountBench.digits))
            let results = Awaited<Result<ListedResource, TwilioError>>()
            bench.client.resource(kind: kind, sid: sid) { results.add($0) }
            let error = #expect(throws: TwilioError.self) { try results.value().get() }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("\(sid)") == true)
            try bench.simulator.add(sid)
            bench.client.resource(kind: kind, sid: sid) { results.add($0) }
            let resource = try results.values(2)[1].get()
            #expect(resource.sid == sid)
            #expect(resource.status == .processing)
        }
    }

    @Test("Another resource than the one asked for is refused")
    func otherResource() throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.Answer(body: Array("{\"sid\":\"RE\(AccountBench.digits)\"}".utf8))
        }
        defer { server.stop() }
        let api = try TestClient(url: server.url)
        defer { api.shutDown() }
        let results = Awaited<Result<ListedResource, TwilioError>>()
        let asked = try #require(SID("RE" + String(AccountBench.digits.reversed())))
        api.client.resource(kind: .voiceRecording, sid: asked) { results.add($0) }
        let error = #expect(throws: TwilioError.self) { try results.value().get() }
        #expect(error?.code == .malformedAnswer)
    }

    @Test(
        "Addresses of Twilio and of others are told apart",
        arguments: [
            ("https://api.twilio.com/x", true), ("http://API.TWILIO.COM/x", true), ("https://twilio.com", true),
            ("https://bucket.s3.amazonaws.com/x", false), ("https://eviltwilio.com/x", false),
            ("https://twilio.com.evil.example/x", false), ("not an address", true),
            ("s3://media.twilio.com/x", false),
        ])
    func ownership(location: String, isTwilio: Bool) throws {
        let bench = try AccountBench()
        #expect(bench.client.isTwilioMedia(location: location) == isTwilio)
    }
}
