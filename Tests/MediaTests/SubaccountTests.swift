import Foundation
import Logging
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Media

@Suite("Media of subaccounts", .orderly)
struct SubaccountTests {
    @Test("Media is fetched with the client of the account to which it belongs")
    func ownClient() throws {
        let content = Array(TestMedia.signed(TestMedia.noise(100, seed: 1), as: "wav"))
        let server = try LoopbackServer { _ in LoopbackServer.Answer(body: content) }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let api = try TestClient(url: server.url)
        let main = api.client
        let subaccount = try #require(SID("AC" + String(repeating: "5", count: 32)))
        let library = try MediaLibrary(
            clients: TwilioClients(
                main: main, subaccounts: [main.client(forSubaccount: subaccount, videoCredentials: nil)]),
            transfer: api.transfer, keys: KeyPair.shared.ring(),
            configuration: MediaLibrary.Configuration(spoolFolder: folder.url.path, threadCount: 1),
            observer: NotingObserver(), logger: .silent)
        defer {
            api.shutDown()
            library.shutDown()
        }
        func resource(_ kind: TwilioAPI.MediaKind, account: SID) throws -> MediaResource {
            let json =
                "{\"sid\":\"\(kind.sidPrefix)\(account.description.dropFirst(2))\",\"account_sid\":\"\(account)\"}"
            return try MediaResource(kind: kind, json: Array(json.utf8))
        }
        for account in [subaccount, main.account] {
            let results = Awaited<Result<MediaFacts, MediaError>>()
            library.describe(try resource(.voiceRecording, account: account)) { results.add($0) }
            #expect(try results.value().get().plaintextSize == 100)
            let prefix = "/2010-04-01/Accounts/\(account)/Recordings/"
            // Whether HEAD tells sizes may be checked meanwhile, with the account before.
            #expect(server.requests.contains { $0.target.hasPrefix(prefix) })
        }
        let count = server.requests.count
        let results = Awaited<Result<MediaFacts, MediaError>>()
        library.describe(try resource(.composition, account: subaccount)) { results.add($0) }
        let error = #expect(throws: MediaError.self) { try results.value().get() }
        #expect((error?.cause as? TwilioError)?.code == .credentialMissing)
        #expect(server.requests.count == count)
    }
}
