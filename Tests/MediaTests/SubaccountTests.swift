import Foundation
import Logging
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Media

@Suite("Media of subaccounts", .orderly)
struct SubaccountTests {
    private static let digits = "00112233445566778899aabbccddeeff"

    @Test("media is fetched with the client of the account to which it belongs")
    func ownClient() throws {
        let content = Array(TestMedia.signed(TestMedia.noise(100, seed: 1), as: "wav"))
        let server = try LoopbackServer { _ in LoopbackServer.Answer(body: content) }
        defer { server.stop() }
        let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        let folder = FileManager.default.temporaryDirectory.appending(path: "media-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let transfer = try TransferClient(TransferClient.Configuration(), logger: quiet)
        let main = TwilioClient(
            account: try #require(SID("AC" + Self.digits)),
            credentials: FixedCredential(username: "main", password: "word"),
            endpoints: try Endpoints(api: server.url, video: server.url), transfer: transfer)
        let subaccount = try #require(SID("AC" + String(repeating: "5", count: 32)))
        let library = try MediaLibrary(
            clients: TwilioClients(
                main: main, subaccounts: [main.client(forSubaccount: subaccount, videoCredentials: nil)]),
            transfer: transfer, keys: KeyPair.shared.ring(),
            configuration: MediaLibrary.Configuration(spoolFolder: folder.path, threadCount: 1),
            observer: NotingObserver(), logger: quiet)
        defer {
            transfer.shutDown()
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
