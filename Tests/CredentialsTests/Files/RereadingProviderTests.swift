import Foundation
import Glibc
import Logging
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Credentials

@Suite("Providers whose secret is replaced while they ask", .orderly)
struct RereadingProviderTests {
    private typealias Completion = @Sendable (Result<Bool, any Error>) -> Void

    /// A provider that fails until its secret is the new one, when it is told to.
    private final class Base: CredentialProvider {
        private let secret: FileValue<String>
        private let waiters = Locked<[(secret: String, completion: Completion)]>([])

        init(_ secret: FileValue<String>) { self.secret = secret }

        func authorization(for request: OutgoingRequest) -> Authorization? { nil }

        func renew(refused: Authorization?, priority: Priority, completion: @escaping Completion) {
            if secret.current == "new" { return completion(.success(true)) }
            waiters.withLock { $0.append((secret.current, completion)) }
        }

        func fail() {
            let waiters = waiters.withLock { waiters in
                defer { waiters = [] }
                return waiters
            }
            for waiter in waiters {
                waiter.completion(.failure(TwilioError(.refused, "'\(waiter.secret)' is refused")))
            }
        }
    }

    @Test("All who were refused with a former secret get the new one, whoever has the file read")
    func several() throws {
        let folder = try TemporaryFolder()
        let log = RecordedLog(.trace)
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.file("secret", "old")
        let value = try FileValue("the secret", in: [path], check: { _, _ in }) {
            try String(contentsOfFile: path, encoding: .utf8)
        }
        let base = Base(value)
        let provider = RereadingProvider(base, source: value, rereading: rereading)
        let answers = Awaited<Bool>()
        for _ in 0..<5 {
            provider.renew(refused: nil, priority: .reader) { answers.add((try? $0.get()) ?? false) }
        }
        try folder.file("new", "new")
        #expect(rename(folder.path("new"), path) == 0)
        base.fail()
        #expect(try answers.values(5).allSatisfy(\.self))
    }

    @Test("The failure of a client that was replaced meanwhile is no answer: the new one is asked with at once")
    func replacedClient() throws {
        let secret = Locked("old")
        let server = try ScriptedServer { request, connection in
            let isFirst = request.index == 0
            if isFirst { secret.withLock { $0 = "new" } }
            connection.respond(
                isFirst ? 401 : 200, [("Content-Type", "application/json")],
                Array(
                    (isFirst
                        ? #"{"error":"invalid_client"}"#
                        : #"{"access_token":"t1","token_type":"Bearer","expires_in":3600}"#).utf8))
        }
        let log = RecordedLog(.trace)
        let transfer = try TransferClient(TransferClient.Configuration(), logger: log.logger)
        defer { transfer.shutDown() }
        let url = try #require(URL(string: "http://127.0.0.1:\(server.port)/v2/token"))
        let provider = OAuthProvider(tokenURL: url, firstWait: .seconds(5), logger: log.logger) {
            OAuthClient(identifier: "OQ1", secret: secret.withLock(\.self))
        }
        provider.connect(to: transfer)
        let answers = Awaited<Bool>()
        provider.renew(refused: nil, priority: .reader) { answers.add((try? $0.get()) ?? false) }
        #expect(try answers.value())
        #expect(server.requests.count == 2)
    }
}
