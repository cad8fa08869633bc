import FoundationEssentials
import Logging
import Support
import TestSupport
import Testing
import Transfer

@testable import Credentials

@Suite("An OAuth client whose secret is replaced", .orderly)
struct OAuthRotationTests {
    private let folder: TemporaryFolder
    private let transfer: TransferClient
    private let rereading: Rereading
    private let value: FileValue<OAuthClient>
    private let provider: RereadingProvider
    private let server: ScriptedServer
    /// Whether the server answers; requests wait until then.
    private let isReleased = Condition(false)

    init() throws {
        folder = try TemporaryFolder()
        let file = try folder.file("secret", "old")
        let log = RecordedLog(.trace)
        server = try ScriptedServer { [isReleased] request, connection in
            _ = isReleased.waitUntil(timeout: .seconds(20)) { $0 }
            let isNew = String(decoding: request.body, as: UTF8.self).contains("client_secret=new")
            connection.respond(isNew ? 200 : 401, [], Array(#"{"access_token":"t"}"#.utf8))
        }
        let url = try #require(URL(string: "http://127.0.0.1:\(server.port)/v2/token"))
        transfer = try TransferClient(TransferClient.Configuration(), logger: log.logger)
        rereading = try Rereading(logger: log.logger)
        let value = try FileValue("the secret", in: [file], check: { _, _ in }) {
            OAuthClient(identifier: "OQ1", secret: try String(contentsOfFile: file, encoding: .utf8))
        }
        self.value = value
        rereading.add(value)
        let tokens = OAuthProvider(tokenURL: url, logger: log.logger) { value.current }
        value.whenChanged { [weak tokens] in tokens?.clientMayHaveChanged() }
        provider = RereadingProvider(tokens, source: value, rereading: rereading)
        provider.connect(to: transfer)
    }

    /// Has many wait for a token, and does something before the service answers.
    ///
    /// - Returns: how many have got one.
    private func obtained(meanwhile: () throws -> Void = {}) throws -> Int {
        defer {
            transfer.shutDown()
            rereading.shutDown()
        }
        let answers = Awaited<Bool>()
        for _ in 0..<20 {
            provider.renew(refused: nil, priority: .reader) { answers.add((try? $0.get()) == true) }
        }
        try wait(until: "a token is asked for") { !server.requests.isEmpty }
        try meanwhile()
        isReleased.change { $0 = true }
        return try answers.values(20).count { $0 }
    }

    private func replaceSecret() throws {
        try "new one".write(toFile: folder.path("secret"), atomically: true, encoding: .utf8)
    }

    @Test("All who wait get the new secret's token, although only one of them finds the file changed")
    func replacedBefore() throws {
        try replaceSecret()
        #expect(try obtained() == 20)
        #expect(server.requests.count == 2)
    }

    @Test("A secret that is replaced while a token is asked for is used at once")
    func replacedMeanwhile() throws {
        let count = try obtained {
            try replaceSecret()
            rereading.readAll()
            try wait(until: "the file is read again") { value.current != OAuthClient(identifier: "OQ1", secret: "old") }
        }
        #expect(count == 20)
        #expect(server.requests.count == 2)
    }

    @Test("With a wrong secret all who wait fail, without a request for each")
    func wrong() throws {
        #expect(try obtained() == 0)
        #expect(server.requests.count < 3)
    }
}
