import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("An account that takes signed requests only", .orderly, .needsFUSE)
struct SignedRequestTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func account(_ configure: (inout SimulatorConfiguration) -> Void = { _ in }) throws -> SimulatedAccount {
        try SimulatedAccount(media: TestMedia.small) { configuration in
            configuration.behaviour.clientValidation = .enforced
            configure(&configuration)
        }
    }

    /// The options for a mount with the API key, and with a signing key if there is one.
    private func options(_ account: SimulatedAccount, signingKey: String? = nil) throws -> [String] {
        let credentials = account.simulator.credentials
        let secret = try folder.file("secret", credentials.apiSecret)
        chmod(secret, 0o600)
        return ["--api-key", credentials.apiKey, "--api-secret-file", secret]
            + (signingKey.map { ["--signing-key", $0] } ?? [])
    }

    private func namedKey(_ account: SimulatedAccount) throws -> String {
        "\(account.simulator.publicKeySID ?? "")=\(try KeyPair.shared.privateKey())"
    }

    @Test("It is mounted, listed and read with a signing key; no token leaves Twilio's hosts")
    func reading() throws {
        let account = try account()
        let mount = try MountedAccount(account, options: options(account, signingKey: namedKey(account)))
        #expect(try mount.differences(from: account) == [])
        let requests = account.requests
        #expect(requests.filter { $0.host == .api }.allSatisfy { $0.validationToken != nil })
        #expect(!requests.contains { [401, 403].contains($0.status) })
        #expect(Set(requests.filter { $0.host == .api }.map(\.method)).isSubset(of: ["GET", "HEAD"]))
        let media = requests.filter { $0.host == .media }
        #expect(!media.isEmpty && media.allSatisfy { $0.validationToken == nil && !$0.authorization })
        #expect(Set(requests.map(\.path)).contains { $0.hasSuffix("/Media") }, "video is redirected")
    }

    @Test("Voice that Twilio redirects to another host is read, and the host gets no token")
    func redirectedVoice() throws {
        let account = try account { $0.behaviour.voiceRedirect = .temporaryRedirect }
        let mount = try MountedAccount(account, options: options(account, signingKey: namedKey(account)))
        let original = try account.original("long.wav")
        try mount.expectRight(original)
        let media = account.requests.filter { $0.host == .media && $0.path.hasSuffix(".wav") }
        #expect(!media.isEmpty && media.allSatisfy { $0.validationToken == nil && !$0.authorization })
    }

    @Test("A request that is repeated after a 503 carries another token")
    func repetition() throws {
        let account = try account()
        let mount = try MountedAccount(account, options: options(account, signingKey: namedKey(account)))
        let original = try account.original("long.wav")
        account.clearRequests()
        account.simulator.faults = [
            FaultRule(.status(503, retryAfter: 2), path: original.file.mediaPattern(sid: original.sid), count: 1)
        ]
        try mount.expectRight(original)
        let requests = account.mediaRequests.filter { $0.path.contains(original.sid) && $0.host == .api }
        #expect(requests.map(\.status).contains(503))
        let refused = try #require(requests.first { $0.status == 503 })
        let repeated = try #require(requests.first { $0.number > refused.number })
        #expect(refused.validationToken != nil && repeated.validationToken != nil)
        // Two seconds later, it ends two seconds later.
        #expect(refused.validationToken != repeated.validationToken)
    }

    @Test("Debug logs, cache and process have neither token nor secret")
    func secrets() throws {
        let account = try account()
        let cache = try folder.folder("cache")
        let mount = try MountedAccount(
            account, options: options(account, signingKey: namedKey(account)) + ["--log-level", "trace"],
            cacheFolder: cache)
        try mount.expectRight(account.original("old.wav"))
        var secrets = Set(account.requests.compactMap(\.validationToken))
        #expect(secrets.count > 2)
        secrets.insert(account.simulator.credentials.apiSecret)
        let process = "/proc/\(mount.process.processID)"
        let places =
            try [mount.log]
            + ["cmdline", "environ"].map {
                String(decoding: try Data(contentsOf: URL(filePath: "\(process)/\($0)")), as: UTF8.self)
            }
        for secret in secrets {
            #expect(!places.contains { $0.contains(secret) })
            #expect(try Command.run(["grep", "-rqaF", "--", secret, cache]).end == .exited(1))
        }
    }

    @Test("Without a signing key, the mount says what the account wants")
    func unsigned() throws {
        let account = try account()
        let error = #expect(throws: CommandError.self) { try MountedAccount(account, options: options(account)) }
        let text = error?.description ?? ""
        #expect(text.contains("70052") && text.contains("give --signing-key"), "\(text)")
    }

    @Test("A signing key whose public key the account doesn't have is refused with the reason")
    func wrongKey() throws {
        let account = try account()
        let key = "\(account.simulator.publicKeySID ?? "")=\(try KeyPair.other.privateKey())"
        let error = #expect(throws: CommandError.self) {
            try MountedAccount(account, options: options(account, signingKey: key))
        }
        #expect(error?.description.contains("doesn't belong to the public key") == true, "\(String(describing: error))")
    }
}
