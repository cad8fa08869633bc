import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("An account that takes signed requests only", .orderly, .needsFUSE)
struct SignedRequestTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func account(
        _ configure: (inout SimulatorConfiguration) throws -> Void = { _ in }
    ) throws -> SimulatedAccount {
        try SimulatedAccount(media: TestMedia.small) { configuration in
            configuration.behaviour.clientValidation = .enforced
            try configure(&configuration)
        }
    }

    /// The options for a mount with the API key, and with a signing key if there is one.
    private func options(_ account: SimulatedAccount, signingKey: String? = nil) throws -> [String] {
        let credentials = account.simulator.credentials
        let secret = try folder.secretFile("secret", credentials.apiSecret)
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
        // The survey of keys may ask for the same recording meanwhile, but for another part of it.
        let repeated = try #require(requests.first { $0.number > refused.number && $0.range == refused.range })
        #expect(refused.validationToken != nil && repeated.validationToken != nil)
        // Two seconds later, it ends two seconds later.
        #expect(refused.validationToken != repeated.validationToken)
    }

    /// How a mount ends that can't begin.
    private func failure(_ account: SimulatedAccount, _ options: [String]) throws -> CommandResult {
        try Command.run(
            [BuiltPrograms.twiliofs, "mount", "--no-key", "--foreground", "--cache-dir", folder.path("cache")] + options
                + [folder.folder("mount")], adding: MountedAccount.environment(account))
    }

    @Test(
        "A refusal ends the mount with one sentence that has Twilio's number and says what to do",
        arguments: [
            (70052, 403, "give --signing-key, with an API key"), (70053, 403, "leave out --signing-key"),
            (70053, 401, "leave out --signing-key"), (70154, 401, "no usable public key"),
            (70154, 403, "no usable public key"), (70155, 401, "a proxy that changes requests"),
            (70156, 403, "a proxy that changes requests"), (20153, 401, "doesn't belong to the account"),
            (20156, 401, "set this machine's clock"), (20159, 401, "doesn't belong to the public key"),
        ])
    func refusals(code: Int, status: Int, words: String) throws {
        let account = try account()
        account.simulator.faults = [
            FaultRule(
                .answer(
                    status, type: "application/json",
                    body: #"{"code":\#(code),"message":"Refused","status":\#(status)}"#))
        ]
        let result = try failure(account, options(account, signingKey: namedKey(account)))
        #expect(result.end == .exited(12))
        let sentences = result.errorText.split(separator: "\n").filter { $0.hasPrefix("twiliofs: ") }
        #expect(sentences.count == 1, "\(result.errorText)")
        #expect(
            sentences.first?.contains("\(code)") == true && sentences.first?.contains(words) == true, "\(sentences)")
    }

    @Test("Without a signing key, the mount says what the account wants, whatever else it has")
    func unsigned() throws {
        let account = try account()
        let client = account.simulator.credentials.clientID
        let secret = try folder.secretFile("client", account.simulator.credentials.clientSecret)
        for options in [
            try options(account), [],
            [
                "--client-id", client, "--client-secret-file", secret, "--oauth-url",
                account.simulator.apiURL + "/v2/token",
            ],
        ] {
            let result = try failure(account, options)
            #expect(result.end == .exited(12))
            #expect(
                result.errorText.contains("70052") && result.errorText.contains("give --signing-key"),
                "\(result.errorText)")
        }
    }

    @Test("A signing key whose public key the account doesn't have is refused with the reason")
    func wrongKey() throws {
        let account = try account()
        let key = "\(account.simulator.publicKeySID ?? "")=\(try KeyPair.other.privateKey())"
        let result = try failure(account, options(account, signingKey: key))
        #expect(result.end == .exited(12))
        #expect(result.errorText.contains("doesn't belong to the public key"), "\(result.errorText)")
    }

    /// Writes a file with a signing key and the SID of its public key, and gives its path.
    private func write(_ pair: KeyPair, _ sid: String) throws -> String {
        try folder.secretFile("signing.pem", "\(sid)\n\(pair.privatePEM)")
    }

    @Test(
        "A signing key that was replaced signs on SIGHUP, and after a refusal without a signal",
        arguments: [true, false])
    func replacedKey(signals: Bool) throws {
        let first = "CR" + String(repeating: "8", count: 32)
        let account = try account {
            $0.publicKeys.append(.init(sid: first, pem: try KeyPair.other.publicPEM))
            // What is signed is checked; the test itself doesn't sign.
            $0.behaviour.clientValidation = .enabled
        }
        let path = try write(KeyPair.other, first)
        let mount = try MountedAccount(
            account, options: options(account, signingKey: path) + ["--no-probing", "--cache-size", "0"])
        try mount.expectRight(account.original("long.mkv"))
        // Twilio has both keys until the mount has the second.
        _ = try write(KeyPair.shared, account.simulator.publicKeySID ?? "")
        if signals {
            mount.process.send(SIGHUP)
            #expect(mount.hasLogged("the signing key in '\(path)' was read again and has changed"))
        }
        let status = try Command.require([
            "curl", "-s", "-X", "DELETE", "-u", "\(account.sid):\(account.simulator.credentials.authToken)",
            "-w", "%{http_code}", "\(account.simulator.apiURL)/v1/Credentials/PublicKeys/\(first)",
        ]).text
        #expect(status == "204")
        account.clearRequests()
        for name in ["long.wav", "blocks.mp4"] { try mount.expectRight(account.original(name)) }
        let requests = account.requests.filter { $0.host == .api }
        #expect(requests.contains { $0.status == 401 } == !signals)
        #expect(requests.allSatisfy { $0.validationToken != nil })
        #expect(
            eventually { mount.log.split(separator: "\n").count { $0.contains("has changed") } == 1 }, "\(mount.log)")
    }
}
