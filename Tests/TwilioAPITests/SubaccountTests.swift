import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer

@testable import TwilioAPI

@Suite("Subaccounts", .orderly)
struct SubaccountTests {
    private static let digits = TestClient.digits
    private static let subaccount = SID("AC" + String(repeating: "5", count: 32))
    private static let main = Credential(username: "main", password: "word")
    private static let own = Credential(username: "own", password: "word")

    /// A client for the main account at a server that gives these answers.
    private func withClient(
        _ answer: @escaping @Sendable (String) -> String, _ body: (TwilioClient, LoopbackServer) throws -> Void
    ) throws {
        let server = try LoopbackServer { LoopbackServer.Answer(body: Array(answer($0.target).utf8)) }
        defer { server.stop() }
        let api = try TestClient(url: server.url, username: Self.main.username)
        defer { api.shutDown() }
        try body(api.client, server)
    }

    private func accounts(_ client: TwilioClient) throws -> [AccountDescription] {
        try client.activeAccounts()
    }

    /// A page that is always followed by another one; its accounts have the numbers that `numbers` makes of its own.
    private static func endless(
        _ pages: Locked<Int>, delay: UInt32 = 0, numbers: (Int) -> [Int]
    ) -> String {
        usleep(delay)
        let page = pages.withLock { count in
            count += 1
            return count
        }
        let accounts = numbers(page).map { number in
            let digits = String(number, radix: 16)
            return #"{"sid":"AC\#(String(repeating: "0", count: 32 - digits.count))\#(digits)"}"#
        }
        let next = "/2010-04-01/Accounts.json?Page=\(page)"
        return #"{"accounts":[\#(accounts.joined(separator: ","))],"next_page_uri":"\#(next)"}"#
    }

    private static func page(_ numbers: [Int], next: String?) -> String {
        let accounts = numbers.map { number in
            """
            {"sid":"AC\(digits.dropLast())\(number)","friendly_name":"N\\u00ba \(number)","status":"active","type":"Full",\
            "subresource_uris":{"sid":"x","recordings":"/x"},"auth_token":"secret"}
            """
        }
        return """
            {"accounts":[\(accounts.joined(separator: ","))],"page":0,"next_page_uri":\(next.map { "\"\($0)\"" } ?? "null")}
            """
    }

    @Test("All pages of active accounts are read")
    func allPages() throws {
        try withClient { target in
            target.hasSuffix("Page=1")
                ? Self.page([3], next: nil) : Self.page([1, 2], next: "/2010-04-01/Accounts.json?Page=1")
        } _: { client, server in
            let accounts = try accounts(client)
            #expect(accounts.map(\.sid.description) == [1, 2, 3].map { "AC\(Self.digits.dropLast())\($0)" })
            #expect(accounts.map(\.friendlyName) == ["Nº 1", "Nº 2", "Nº 3"])
            #expect(accounts.allSatisfy { $0.status == "active" })
            #expect(
                server.requests.map(\.target) == [
                    "/2010-04-01/Accounts.json?Status=active&PageSize=1000", "/2010-04-01/Accounts.json?Page=1",
                ])
        }
    }

    @Test("An account that comes with two pages is one")
    func repeated() throws {
        try withClient { target in
            target.hasSuffix("Page=1")
                ? Self.page([2, 3], next: nil) : Self.page([1, 2], next: "/2010-04-01/Accounts.json?Page=1")
        } _: { client, _ in
            let names = try accounts(client).map(\.friendlyName)
            #expect(names == ["Nº 1", "Nº 2", "Nº 3"])
        }
    }

    @Test("Pages without end that bring nothing new are an error after some of them", arguments: [[], [7], [7, 8]])
    func barren(numbers: [Int]) throws {
        let pages = Locked(0)
        try withClient { _ in
            Self.endless(pages) { _ in numbers }
        } _: { client, server in
            let error = #expect(throws: TwilioError.self) { try accounts(client) }
            #expect(error?.code == .malformedAnswer)
            #expect(error?.message.contains("the list of accounts has no end") == true)
            #expect(server.requests.count <= 1 + AccountWalk.Limits().barrenPages)
        }
    }

    @Test("Pages with two of which one brings nothing new are gone on with")
    func sparse() throws {
        let pages = Locked(0)
        try withClient { target in
            target.hasSuffix("Page=20")
                ? Self.page([], next: nil) : Self.endless(pages) { [$0 / 2] }
        } _: { client, _ in
            let count = try accounts(client).count
            #expect(count == 11)
        }
    }

    @Test("More accounts than there can be are an error, although each page brings some")
    func tooMany() throws {
        let pages = Locked(0)
        try withClient { _ in
            Self.endless(pages) { page in (0..<10).map { page * 10 + $0 } }
        } _: { client, server in
            let error = #expect(throws: TwilioError.self) {
                try client.activeAccounts(limits: AccountWalk.Limits(accounts: 100))
            }
            #expect(error?.code == .malformedAnswer)
            #expect(error?.message.contains("more than 100 accounts") == true)
            #expect(server.requests.count == 11)
        }
    }

    @Test("A list that takes too long is an error, whether many pages are slow or one doesn't end")
    func tooLong() throws {
        for delay in [30_000, 3_000_000] as [UInt32] {
            let pages = Locked(0)
            try withClient { _ in
                Self.endless(pages, delay: delay) { [$0] }
            } _: { client, server in
                let error = #expect(throws: TwilioError.self) {
                    try client.activeAccounts(limits: AccountWalk.Limits(time: .seconds(1)))
                }
                #expect(error?.code == .unreachable)
                #expect(error?.message.contains("the list of accounts could not be fetched") == true)
                #expect(server.requests.count < 100)
            }
        }
    }

    @Test(
        "A list of accounts that can't be told whole is an error",
        arguments: [
            page([1], next: "/2010-04-01/Accounts.json?Page=1"), page([1], next: "nowhere"), #"{"accounts":[]}"#, "",
            "{}",
            #"{"accounts":[{}],"next_page_uri":null}"#, #"{"accounts":[null],"next_page_uri":null}"#,
            #"{"accounts":[{"sid":"RE00112233445566778899aabbccddeeff"}],"next_page_uri":null}"#,
        ])
    func incomplete(text: String) throws {
        try withClient { _ in
            text
        } _: { client, _ in
            let error = #expect(throws: TwilioError.self) { try accounts(client) }
            #expect(error?.code == .malformedAnswer)
            #expect(error?.message.contains("account") == true)
        }
    }

    @Test("An account without a name or a status is one all the same")
    func lenient() throws {
        let text = """
            {"accounts":[{"sid":"AC\(Self.digits)"},{"sid":"AC\(Self.digits)","friendly_name":null,"status":5}],\
            "next_page_uri":null}
            """
        try withClient { _ in
            text
        } _: { client, _ in
            for account in try accounts(client) {
                #expect(account.friendlyName == nil)
                #expect(account.status.isEmpty)
            }
        }
    }

    /// `Authorization` of a user's name with the password `word`.
    private func basic(_ credential: Credential) -> String {
        "Basic " + Data("\(credential.username):word".utf8).base64EncodedString()
    }

    @Test("A subaccount's voice is asked for with the main credentials, its video with its own")
    func credentials() throws {
        let empty = #"{"recordings":[],"compositions":[],"meta":{"next_page_url":null},"next_page_uri":null}"#
        try withClient { _ in
            empty
        } _: { client, server in
            let subaccount = try #require(Self.subaccount)
            let sub = client.client(forSubaccount: subaccount, videoCredentials: FixedCredential(Self.own))
            for kind in MediaKind.allCases {
                #expect(sub.reaches(kind))
                _ = try sub.page(of: kind)
            }
            #expect(
                server.requests.map(\.target) == [
                    "/2010-04-01/Accounts/\(subaccount)/Recordings.json?PageSize=1000", "/v1/Recordings?PageSize=100",
                    "/v1/Compositions?PageSize=100",
                ])
            #expect(
                server.requests.map { $0["Authorization"] } == [
                    basic(Self.main), basic(Self.own), basic(Self.own),
                ])
        }
    }

    @Test("Without credentials of its own a subaccount's video isn't asked for, and the error says what to give")
    func noVideo() throws {
        try withClient { _ in
            ""
        } _: { client, server in
            let subaccount = try #require(Self.subaccount)
            let sub = client.client(forSubaccount: subaccount, videoCredentials: nil)
            #expect(sub.reaches(.voiceRecording))
            for kind in [MediaKind.videoRecording, .composition] {
                #expect(!sub.reaches(kind))
                let sid = try #require(SID(kind.sidPrefix + Self.digits))
                let resource = try MediaResource(kind: kind, json: Array("{\"sid\":\"\(sid)\"}".utf8))
                let results = Awaited<Result<ListedResource, TwilioError>>()
                let attempts: [() throws -> Void] = [
                    { _ = try sub.page(of: kind) },
                    {
                        _ = try sub.page(
                            of: kind, next: "/v1/\(kind == .composition ? "Compositions" : "Recordings")?Page=1")
                    },
                    {
                        sub.resource(kind: kind, sid: sid) { results.add($0) }
                        _ = try results.value().get()
                    },
                    { _ = try sub.mediaAddresses(of: resource) },
                ]
                for attempt in attempts {
                    let error = #expect(throws: TwilioError.self) { try attempt() }
                    #expect(error?.code == .credentialMissing)
                    #expect(error?.message.contains("\(subaccount)") == true)
                    #expect(error?.message.contains("auth token") == true)
                }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A resource belongs to the client of its account, and to the main one when that isn't known")
    func choice() throws {
        try withClient { _ in
            ""
        } _: { client, _ in
            let subaccount = try #require(Self.subaccount)
            let sub = client.client(forSubaccount: subaccount, videoCredentials: nil)
            let clients = TwilioClients(main: client, subaccounts: [sub])
            let expected: [(String, TwilioClient)] = [
                ("\"\(subaccount)\"", sub), ("\"AC\(Self.digits)\"", client), ("null", client), ("\"x\"", client),
                ("\"AC\(String(repeating: "6", count: 32))\"", client),
            ]
            for (account, owner) in expected {
                let json = "{\"sid\":\"RE\(Self.digits)\",\"account_sid\":\(account)}"
                let resource = try MediaResource(kind: .voiceRecording, json: Array(json.utf8))
                #expect(clients.client(for: resource) === owner, "\(account)")
            }
        }
    }

    @Test("A resource's account is read, if it is one")
    func accountOfResource() throws {
        for (text, account) in [
            ("\"AC\(Self.digits)\"", SID("AC\(Self.digits)")), ("\"RE\(Self.digits)\"", nil), ("\"AC1\"", nil),
            ("null", nil), ("5", nil), ("{}", nil),
        ] {
            let json = "{\"sid\":\"CJ\(Self.digits)\",\"account_sid\":\(text)}"
            #expect(try MediaResource(kind: .composition, json: Array(json.utf8)).accountSID == account, "\(text)")
        }
    }
}
