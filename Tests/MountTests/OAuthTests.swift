import Foundation
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("A mount with OAuth", .orderlyAndLong, .needsFUSE)
struct OAuthTests {
    /// Runs `body` while each token is ended more than a second after it is in use.
    ///
    /// By then its refusal means that it has ended, not that the host accepts no tokens.
    ///
    /// - Returns: the body's result, and how many times tokens were ended.
    private func endingTokens<Result>(
        of account: SimulatedAccount, _ body: () throws -> Result
    ) throws -> (result: Result, endings: Int) {
        let isOver = Condition(false)
        let endings = Locked(0)
        let thread = try NamedThread(name: "tokens") {
            while true {
                let start = account.requests.last?.number ?? 0
                let isInUse = {
                    account.requests.contains {
                        $0.number > start && $0.authorization && (200..<300).contains($0.status ?? 0)
                    }
                }
                while !isInUse() { if isOver.waitUntil(timeout: .milliseconds(50), { $0 }) { return } }
                if isOver.waitUntil(timeout: .milliseconds(1200), { $0 }) { return }
                account.simulator.endTokens()
                endings.withLock { $0 += 1 }
            }
        }
        let result: Result
        do {
            defer {
                isOver.change { $0 = true }
                thread.join()
            }
            result = try body()
        }
        return (result, endings.withLock(\.self))
    }

    /// A file of 1 GiB with few blocks on the disk, in which any part that is moved or missing is noticed.
    private func makeLargeFile(_ path: String) throws {
        try Command.require(["truncate", "-s", "1G", path])
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        for offset in stride(from: UInt64(0), to: 1 << 30, by: 256 << 10) {
            try file.seek(toOffset: offset)
            try file.write(contentsOf: Data("the bytes at \(offset)".utf8))
        }
        try file.close()
    }

    @Test("Every file has its original's size and checksum, with one token")
    func everyFile() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
        #expect(try mount.differences(from: account) == [])
        #expect(account.simulator.givenOutTokens.count == 1)
        #expect(account.requests.allSatisfy { $0.host == .api || !$0.authorization }, "tokens go to Twilio alone")
    }

    @Test("Many readers of an account and its subaccount have one token asked for, at first and when it has ended")
    func manyReaders() throws {
        let account = try SimulatedAccount(media: TestMedia.small) {
            $0.subaccounts = [try SimulatedSubaccount(name: "own", mediaFolder: TestMedia.small.path)]
            $0.behaviour.latencyMilliseconds = 50
        }
        let mount = try MountedAccount(
            account, options: ["--subaccounts", "--kinds", "voice", "--cache-size", "0"],
            environment: MountedAccount.oauthEnvironment(account))
        let subaccount = account.simulator.subaccounts[0].sid
        let files = try [(nil, ""), (subaccount, "accounts/\(subaccount)/")].flatMap { owner, folder in
            try account.originals(of: owner).filter { $0.value.kind == .recording }.map { sid, file in
                (path: "\(mount.path)/\(folder)\(file.mountedPath(sid: sid))", sum: file.sha256)
            }
        }
        #expect(files.count > 4)
        try Command.shell("ls recordings accounts/*/recordings", directory: mount.path)
        #expect(account.simulator.givenOutTokens.count == 1, "a token serves all who begin together")
        account.simulator.endTokens()
        let readers = try files.map { (try RunningCommand(["sha256sum", $0.path]), $0.sum) }
        for (reader, sum) in readers { #expect(try reader.wait().text.hasPrefix(sum), "\(mount.log)") }
        #expect(account.simulator.givenOutTokens.count == 2, "all who were refused wait for the same token")
        #expect(account.requests.contains { $0.status == 401 })
    }

    @Test("A read of 1 GiB goes on while its tokens end")
    func largeRead() throws {
        let folder = try TemporaryFolder()
        let media = URL(filePath: try folder.folder("media"))
        try makeLargeFile(try folder.folder("media/recordings") + "/large.wav")
        let account = try SimulatedAccount(media: media) {
            $0.behaviour.announcedTokenLifetimeSeconds = 3600
            // Slow enough for several tokens.
            $0.behaviour.bytesPerSecond = 20_000_000
        }
        let mount = try MountedAccount(
            account, options: ["--cache-size", "0"], environment: MountedAccount.oauthEnvironment(account))
        let original = try account.original("large.wav")
        let (found, endings) = try endingTokens(of: account) { try mount.checksum(of: original) }
        #expect(original.file.size == 1 << 30)
        #expect(found == original.file.sha256, "\(mount.log)")
        #expect(endings > 1)
        #expect((2...endings + 1).contains(account.simulator.givenOutTokens.count), "one for each that has ended")
        #expect(account.mediaRequests.contains { $0.status == 401 })
    }

    @Test("A list of many pages is fetched while its tokens end")
    func sync() throws {
        let count = 30_000
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = count
            $0.behaviour.pageSizeLimit = 100
            $0.behaviour.latencyMilliseconds = 100
        }
        let ((mount, found), endings) = try endingTokens(of: account) {
            let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
            return (mount, try Command.shell("ls -f recordings | grep ^RE", directory: mount.path, seconds: 60))
        }
        #expect(found.lines.count == count && Set(found.lines).count == count, "\(mount.log)")
        #expect(endings > 1)
        #expect((2...endings + 1).contains(account.simulator.givenOutTokens.count), "one for each that has ended")
        #expect(account.requests.contains { $0.status == 401 && $0.path.hasSuffix("/Recordings.json") })
    }

    @Test("A host that accepts no token isn't asked again and again, and the log names it and says what it refuses")
    func refused() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
        let original = try account.original("long.wav")
        let pattern = original.file.mediaPattern(sid: original.sid)
        account.clearRequests()
        try account.add(faults: #"{"path": "\#(pattern)", "action": {"type": "status", "code": 401}}"#)
        let start = ContinuousClock.now
        for _ in 0..<10 { #expect(try mount.checksum(of: original) == nil) }
        // Three new tokens may be refused within ten seconds.
        let intervals = 1 + Int((ContinuousClock.now - start) / .seconds(10))
        #expect(mount.hasLogged("127.0.0.1 doesn't accept OAuth tokens of this client: it refused the media of"))
        #expect(account.simulator.givenOutTokens.count <= 1 + 3 * intervals, "one, and those that might have helped")
        #expect((10...200).contains(account.mediaRequests.count))
        account.clearFaults()
        try account.add(faults: #"{"path": "\#(pattern)", "action": {"type": "status", "code": 403}}"#)
        #expect(try mount.checksum(of: original) == nil)
        #expect(mount.hasLogged("127.0.0.1 refused the OAuth client the media of", "give the client the permission"))
        account.clearFaults()
        try mount.expectRight(original)
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
}
