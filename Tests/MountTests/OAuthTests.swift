import Foundation
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("A mount with OAuth", .orderlyAndLong, .needsFUSE)
struct OAuthTests {
    /// Runs `body` while all tokens are ended every two seconds.
    private func endingTokens<Result>(of account: SimulatedAccount, _ body: () throws -> Result) throws -> Result {
        let isOver = Condition(false)
        let thread = try NamedThread(name: "tokens") {
            while !isOver.waitUntil(timeout: .seconds(2), { $0 }) { account.simulator.endTokens() }
        }
        defer {
            isOver.change { $0 = true }
            thread.join()
        }
        return try body()
    }

    @Test("Every file has its original's size and checksum, with one token")
    func everyFile() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
        #expect(try mount.differences(from: account) == [])
        #expect(account.simulator.givenOutTokens.count == 1)
        #expect(account.requests.allSatisfy { $0.host == .api || !$0.authorization }, "tokens go to Twilio alone")
    }

    @Test("A read of 1 GiB goes on while its tokens end")
    func largeRead() throws {
        let folder = try TemporaryFolder()
        let media = URL(filePath: try folder.folder("media"))
        let file = try folder.folder("media/recordings") + "/large.wav"
        // Zeros, without blocks on the disk.
        try Command.require(["truncate", "-s", "1G", file])
        let account = try SimulatedAccount(media: media) {
            $0.behaviour.announcedTokenLifetimeSeconds = 3600
            // Slow enough for several tokens.
            $0.behaviour.bytesPerSecond = 60_000_000
        }
        let mount = try MountedAccount(
            account, options: ["--cache-size", "0"], environment: MountedAccount.oauthEnvironment(account))
        let original = try account.original("large.wav")
        let found = try endingTokens(of: account) { try mount.checksum(of: original) }
        #expect(found == original.file.sha256, "\(mount.log)")
        #expect(account.simulator.givenOutTokens.count > 1)
        #expect(account.requests.contains { $0.status == 401 })
    }

    @Test("A list of many pages is fetched while its tokens end")
    func sync() throws {
        let count = 30_000
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = count
            $0.behaviour.pageSizeLimit = 100
            $0.behaviour.latencyMilliseconds = 100
        }
        let (mount, found) = try endingTokens(of: account) {
            let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
            return (mount, try Command.shell("ls -f recordings | grep -c ^RE", directory: mount.path, seconds: 60))
        }
        #expect(found.lines == ["\(count)"], "\(mount.log)")
        #expect(account.simulator.givenOutTokens.count > 1)
    }

    @Test("Without a service for new tokens reading fails with the reason, and goes on when it is back")
    func outage() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
        let original = try account.original("long.wav")
        try account.add(
            faults: #"{"path": "/v2/token", "action": {"type": "answer", "code": 200, "body": "<html>"}}"#)
        account.simulator.endTokens()
        #expect(try mount.checksum(of: original) == nil)
        #expect(mount.hasLogged("isn't JSON"))
        account.clearFaults()
        try mount.expectRight(original)
    }

    @Test("Neither the client's secret nor a token is in the log, in the cache or in what the system shows")
    func secrecy() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try BackgroundMount(
            account, options: ["--key", KeyPair.shared.privateKey(), "--log-level", "trace"],
            environment: MountedAccount.oauthEnvironment(account))
        _ = try Command.require(
            ["sh", "-euc", "cat recordings/* video-recordings/* > /dev/null"], directory: mount.path)
        account.simulator.endTokens()
        _ = try Command.require(["sh", "-euc", "cat compositions/* > /dev/null"], directory: mount.path)
        let secrets = account.simulator.givenOutTokens + [account.simulator.credentials.clientSecret]
        #expect(secrets.count > 1)
        for name in ["cmdline", "environ"] {
            let text = String(
                decoding: try Data(contentsOf: URL(filePath: "/proc/\(mount.processID)/\(name)")), as: UTF8.self)
            #expect(secrets.allSatisfy { !text.contains($0) }, "\(name)")
        }
        #expect(mount.log.contains("v2/token"), "requests for tokens are logged")
        #expect(try FolderSearch.places(of: secrets, in: mount.folder.path("cache"), mount.folder.path("log")) == [])
    }
}
