import Foundation
import Support
import TestSupport
import Testing

@testable import Transfer
@testable import TwilioAPI

@Suite("Addresses of media", .orderly)
struct MediaAddressSourceTests {
    private typealias Outcome = Result<Address, any Error>

    /// A source that resolves at a server whose answers a test gives; the number of the request is passed.
    private static func withSource(
        _ answer: @escaping @Sendable (Int, String) -> LoopbackServer.Answer, patience: Patience = .media,
        _ body: (MediaAddressSource, LoopbackServer) throws -> Void
    ) throws {
        let count = Locked(0)
        let server = try LoopbackServer { request in
            answer(
                count.withLock {
                    $0 += 1
                    return $0
                }, request.target)
        }
        defer { server.stop() }
        let transfer = try TransferClient(TransferClient.Configuration(), logger: .silent)
        defer { transfer.shutDown() }
        let source = MediaAddressSource(
            at: Address(
                url: try #require(URL(string: "\(server.url)/Media")),
                credentials: FixedCredential(Credential(username: "name", password: "word"))),
            subject: try #require(SID("RT" + AccountBench.digits)), resolver: transfer, patience: patience)
        try body(source, server)
    }

    private static func redirect(_ number: Int) -> LoopbackServer.Answer {
        usleep(50_000)
        return LoopbackServer.Answer(status: 302, fields: [("Location", "https://media.example/\(number)?signature=x")])
    }

    @Test("Many who want an address at the same time make one request")
    func coalesced() throws {
        try Self.withSource({ number, _ in Self.redirect(number) }) { source, server in
            let outcomes = Awaited<Outcome>()
            for _ in 0..<50 { source.address(replacing: nil, priority: .reader) { outcomes.add($0) } }
            let addresses = try outcomes.values(50).map { try $0.get() }
            #expect(Set(addresses.map(\.url.absoluteString)) == ["https://media.example/1?signature=x"])
            #expect(addresses.allSatisfy { $0.credentials == nil })
            #expect(server.requests.count == 1)
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            #expect(outcomes.all.count == 51)
            #expect(server.requests.count == 1)
        }
    }

    @Test("Who needs an address now doesn't wait for a request that nobody was in a hurry for")
    func urgency() throws {
        try Self.withSource({ number, _ in
            usleep(100_000)
            return Self.redirect(number)
        }) { source, server in
            let outcomes = Awaited<Outcome>()
            for priority in [Priority.background, .background, .reader, .readAhead, .reader] {
                source.address(replacing: nil, priority: priority) { outcomes.add($0) }
            }
            let addresses = try outcomes.values(5).map { try $0.get() }
            #expect(addresses.allSatisfy { $0.url.host() == "media.example" })
            try wait(until: "two requests have come") { server.requests.count >= 2 }
            usleep(50_000)
            #expect(server.requests.count == 2)
        }
    }

    @Test("A reader who waits for the end of an outage isn't failed with somebody who has no time for it")
    func outages() throws {
        let (listener, port) = try #require(ScriptedServer.bound())
        let transfer = try TransferClient(TransferClient.Configuration(), logger: .silent)
        defer { transfer.shutDown() }
        let source = MediaAddressSource(
            at: Address(url: try #require(URL(string: "http://127.0.0.1:\(port)/Media"))),
            subject: try #require(SID("RT" + AccountBench.digits)), resolver: transfer,
            patience: Patience(firstBackoff: .milliseconds(1), maximalBackoff: .milliseconds(20)))
        let (hurried, patient) = (Awaited<Outcome>(), Awaited<Outcome>())
        source.address(replacing: nil, priority: .reader, outage: .zero) { hurried.add($0) }
        source.address(replacing: nil, priority: .reader, outage: .seconds(60)) { patient.add($0) }
        let outcome = try hurried.value()
        #expect(throws: TwilioError.self) { try outcome.get() }
        #expect(patient.all.isEmpty)
        let server = try ScriptedServer(listeningAt: listener, port: port) { _, connection in
            connection.respond(302, [("Location", "https://media.example/1")])
        }
        #expect(try patient.value().get().url.host() == "media.example")
        server.stop()
    }

    @Test("Of two requests for an address, one that fails does no harm")
    func oneFails() throws {
        try Self.withSource({ number, _ in
            guard number == 1 else {
                usleep(300_000)
                return Self.redirect(number)
            }
            return LoopbackServer.Answer(status: 404)
        }) { source, server in
            let outcomes = Awaited<Outcome>()
            source.address(replacing: nil, priority: .background) { outcomes.add($0) }
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            let addresses = try outcomes.values(2).map { try $0.get() }
            #expect(addresses.allSatisfy { $0.url.path() == "/2" })
        }
    }

    @Test("A refused address is replaced once, however many were refused it")
    func refreshed() throws {
        try Self.withSource({ number, _ in Self.redirect(number) }) { source, server in
            let outcomes = Awaited<Outcome>()
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            let old = try outcomes.value().get()
            for _ in 0..<20 { source.address(replacing: old, priority: .reader) { outcomes.add($0) } }
            let fresh = try outcomes.values(21).dropFirst().map { try $0.get() }
            #expect(Set(fresh.map { $0.url.path() }) == ["/2"])
            // A download that was slow to be refused the old address gets the fresh one.
            source.address(replacing: old, priority: .reader) { outcomes.add($0) }
            #expect(try outcomes.values(22)[21].get().url.path() == "/2")
            #expect(server.requests.count == 2)
        }
    }

    @Test("The address may stand in the body alone")
    func inBody() throws {
        try Self.withSource({ _, _ in
            LoopbackServer.Answer(body: Array(#"{"redirect_to":"https://media.example/body"}"#.utf8))
        }) { source, _ in
            let outcomes = Awaited<Outcome>()
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            let address = try outcomes.value().get()
            #expect(address.url.absoluteString == "https://media.example/body")
        }
    }

    /// What a proxy or a portal may answer with in the place of a redirect.
    private static let pages = [
        LoopbackServer.Answer(fields: [("Content-Type", "text/html")], body: Array("<html>Please log in</html>".utf8)),
        LoopbackServer.Answer(body: Array("{}".utf8)), LoopbackServer.Answer(), LoopbackServer.Answer(status: 302),
    ]

    @Test("An answer without an address is asked for again, as one of status 503 is")
    func noAddress() throws {
        let answer: @Sendable (Int, String) -> LoopbackServer.Answer = { number, _ in
            number <= Self.pages.count ? Self.pages[number - 1] : Self.redirect(number)
        }
        let patience = Patience(firstBackoff: .milliseconds(1), maximalBackoff: .milliseconds(20))
        try Self.withSource(answer, patience: patience) { source, server in
            let outcomes = Awaited<Outcome>()
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            let address = try outcomes.value().get()
            #expect(address.url.path() == "/\(Self.pages.count + 1)")
            #expect(server.requests.count == Self.pages.count + 1)
        }
    }

    @Test("Answers without an address are an error that says what answered, told to all, and the next one asks again")
    func neverAnAddress() throws {
        let isWell = Locked(false)
        let answer: @Sendable (Int, String) -> LoopbackServer.Answer = { number, _ in
            isWell.withLock { $0 } ? Self.redirect(number) : Self.pages[0]
        }
        let patience = Patience(giveUp: .seconds(2), firstBackoff: .milliseconds(1), maximalBackoff: .milliseconds(20))
        try Self.withSource(answer, patience: patience) { source, server in
            let outcomes = Awaited<Outcome>()
            for _ in 0..<2 { source.address(replacing: nil, priority: .reader) { outcomes.add($0) } }
            for outcome in try outcomes.values(2) {
                let error = #expect(throws: TwilioError.self) { try outcome.get() }
                #expect(error?.code == .unreachable)
                #expect(error?.message.contains("status 200 and a page of type text/html") == true, "\(outcome)")
            }
            #expect(server.requests.count > 1)
            isWell.withLock { $0 = true }
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            #expect(try outcomes.values(3)[2].get().url.host() == "media.example")
        }
    }

    @Test("An answer that is too long for an address is refused before it is there, and not asked for again")
    func tooLong() throws {
        try Self.withSource({ _, _ in LoopbackServer.Answer(length: 17 << 20) }) { source, server in
            let outcomes = Awaited<Outcome>()
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            let outcome = try outcomes.value()
            let error = #expect(throws: TwilioError.self) { try outcome.get() }
            #expect(error?.message.contains("bytes allowed") == true, "\(outcome)")
            #expect(server.requests.count == 1)
        }
    }

    @Test("A refusal is told with its reason")
    func refused() throws {
        try Self.withSource({ _, _ in
            LoopbackServer.Answer(status: 404, body: Array(#"{"code":20404,"message":"gone"}"#.utf8))
        }) { source, _ in
            let outcomes = Awaited<Outcome>()
            source.address(replacing: nil, priority: .reader) { outcomes.add($0) }
            let outcome = try outcomes.value()
            let error = #expect(throws: TwilioError.self) { try outcome.get() }
            #expect(error?.code == .notFound)
            #expect(error?.twilioCode == 20404)
        }
    }

    @Test("A redirect is remembered while it works, and dropped when it is refused")
    func remembered() throws {
        let own = Address(
            url: try #require(URL(string: "https://api.example/x.wav")),
            credentials: FixedCredential(Credential(username: "name", password: "word")))
        let elsewhere = Address(url: try #require(URL(string: "https://media.example/x?signature=y")))
        let source = MediaAddressSource(at: own, subject: try #require(SID("RE" + AccountBench.digits)))
        func current(replacing refused: Address? = nil) throws -> Address {
            let outcomes = Awaited<Outcome>()
            source.address(replacing: refused, priority: .reader) { outcomes.add($0) }
            return try outcomes.value().get()
        }
        #expect(try current() == own)
        source.remember(served: own)
        #expect(try current() == own)
        source.remember(served: elsewhere)
        #expect(try current() == elsewhere)
        #expect(try current(replacing: own) == elsewhere)
        #expect(try current(replacing: elsewhere) == own)
        #expect(try current() == own)
    }
}
