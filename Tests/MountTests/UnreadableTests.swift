import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Recordings that can't be read", .orderly, .needsFUSE)
struct UnreadableTests {
    private static let otherSID = "CR" + String(repeating: "2", count: 32)
    private static let lostSID = "RE" + String(repeating: "7", count: 32)
    /// A content key that no private key unwraps.
    private static let damagedKey = String(repeating: "A", count: 342) + "=="
    private static let bucketSID = "RE" + String(repeating: "8", count: 32)

    /// An account with one recording for a key that isn't held, and one in a bucket of its owner.
    private func makeAccount() throws -> SimulatedAccount {
        let account = try SimulatedAccount(
            media: TestMedia.small,
            publicKeys: [.init(pem: KeyPair.shared.publicPEM), .init(sid: Self.otherSID, pem: KeyPair.other.publicPEM)])
        let media = try TestMedia.small.appending(path: "recordings/long.wav").path
        try account.change(
            resource: #"{"action":"add","kind":"recording","path":"\#(media)","#
                + #""fields":{"public_key_sid":"\#(Self.otherSID)","sid":"\#(Self.lostSID)"}}"#)
        try account.change(
            resource: #"{"action":"add","kind":"recording","path":"\#(media)","fields":{"#
                + #""sid":"\#(Self.bucketSID)","media_url":"https://bucket.s3.amazonaws.com/a.wav"}}"#)
        try account.add(faults: #"{"path":"*\#(Self.bucketSID).wav","action":{"type":"status","code":404}}"#)
        return account
    }

    @Test("They are told of in the log and in the status, with how many and why")
    func told() throws {
        let account = try makeAccount()
        let mount = try MountedAccount(account)
        try Command.shell("ls recordings video-recordings compositions >/dev/null", directory: mount.path)
        let sentence = "1 recording is encrypted for \(Self.otherSID), whose private key isn't held"
        let isLogged = eventually(within: 20) { mount.log.contains(sentence) && mount.log.contains("bucket") }
        #expect(isLogged, "\(mount.log)")
        let status = try Command.require([BuiltPrograms.twiliofs, "status", mount.path]).text
        #expect(status.contains(sentence), "\(status)")
        let json = try Command.shell(
            "jq -c '[.unreadable[] | [.requirement, .recordings, .is_hidden]] | sort' .twiliofs/status.json",
            directory: mount.path)
        #expect(json.lines == [#"[["\#(Self.otherSID)",1,false],["bucket",1,false]]"#])
        let path = "\(mount.path)/recordings/\(Self.lostSID).wav"
        #expect(try Command.run(["cat", path]).errorText.contains("Required key not available"))
        #expect(mount.hasLogged(Self.lostSID), "the log names the recording")
    }

    @Test("Media in a bucket that has just been recorded isn't waited for")
    func youngInBucket() throws {
        let account = try makeAccount()
        let now = Date.now.formatted(.iso8601)
        try account.change(
            resource: #"{"action":"update","sid":"\#(Self.bucketSID)","fields":{"date_created":"\#(now)"}}"#)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        for _ in 0..<3 {
            #expect(try Command.run(["cat", "\(mount.path)/recordings/\(Self.bucketSID).wav"]).end == .exited(1))
        }
        // Repeating each for the usual time of a young recording would be dozens.
        let requests = account.mediaRequests.count { $0.path.contains(Self.bucketSID) }
        #expect(requests < 12, "\(requests) requests")
    }

    @Test("In the background, a mount says before it returns what can't be read")
    func background() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let (cache, mountPoint) = (folder.path("cache"), try folder.folder("mount"))
        defer { umount2(mountPoint, 2 /* MNT_DETACH */) }
        /// What mounting in the background prints.
        func mount(_ keys: [String]) throws -> [String] {
            let result = try Command.run(
                [BuiltPrograms.twiliofs, "mount", "--cache-dir", cache, "--log-file", folder.path("log")] + keys
                    + [mountPoint],
                adding: MountedAccount.environment(account), seconds: 30)
            #expect(result.end == .exited(0), "\(result.errorText)")
            try Command.require([BuiltPrograms.twiliofs, "unmount", mountPoint])
            return result.errorText.split(separator: "\n").map(String.init)
        }
        let sid = try #require(account.simulator.publicKeySID)
        let encrypted = try account.originals().values.filter(\.encrypted)
        let voice = encrypted.count { $0.kind == .recording }
        for _ in 0..<2 {
            let told = try mount(["--key", KeyPair.other.privateKey()]).filter { $0.contains("encrypted for") }
            #expect(
                told == [
                    "twiliofs: warning: \(encrypted.count) recordings are encrypted for \(sid), whose private key isn't"
                        + " held"
                ])
        }
        #expect(
            try mount(["--key", "voice:\(KeyPair.shared.privateKey())"]).filter { $0.contains("encrypted for") } == [
                "twiliofs: warning: \(encrypted.count - voice) recordings are encrypted for \(sid), whose private key"
                    + " isn't held for video"
            ])
        let right = try mount(["--key", KeyPair.shared.privateKey()]).filter { $0.contains("encrypted for") }
        #expect(right == [])
        #expect(try mount(["--no-key"]) == [], "who mounts without a key knows it")
    }

    @Test("They are told of as far as they are known when another list fails")
    func otherListFails() throws {
        let account = try makeAccount()
        // The first two requests are the check of the credentials.
        try account.add(faults: #"{"path":"/v1/*","after":2,"action":{"type":"status","code":403}}"#)
        let mount = try MountedAccount(account)
        let fact = "is encrypted for \(Self.otherSID), whose private key isn't held"
        let sentence = "1 of the recordings listed so far \(fact)"
        #expect(try eventually(within: 20) { try Self.unreadable(mount).contains(sentence) })
        #expect(eventually(within: 20) { mount.log.contains(sentence) })
    }

    @Test("Left out, a backup of all the rest ends with success, also at the first mount")
    func leftOut() throws {
        let account = try makeAccount()
        let cache = try TemporaryFolder()
        for _ in 0..<2 {
            let target = try TemporaryFolder()
            let mount = try MountedAccount(
                account, options: ["--hide-unreadable"], cacheFolder: cache.path("cache"))
            for command in [
                ["rsync", "-a", "--exclude", ".twiliofs", "./", target.path("rsync")],
                ["cp", "-r", "recordings", "metadata", "by-date", target.url.path],
                ["tar", "-cf", target.path("all.tar"), "recordings", "video-recordings", "compositions", "by-call"],
            ] {
                let result = try Command.run(command, directory: mount.path)
                #expect(result.end == .exited(0), "\(command): \(result.errorText)")
            }
            let names = try Command.shell("find . -name 'RE*' -o -name 'CA*' | sort", directory: mount.path).text
            for sid in [Self.lostSID, Self.bucketSID] {
                #expect(!names.contains(sid.dropFirst(2)), "\(names)")
                let found = try Command.run(["stat", "recordings/\(sid).wav"], directory: mount.path)
                #expect(found.errorText.contains("No such file"))
            }
            #expect(try names.contains(account.original("short.wav").sid))
            #expect(eventually(within: 20) { mount.log.contains("--hide-unreadable leaves it out") })
            try mount.unmount()
        }
    }

    /// Copies all of a mount in which everything that can't be read is left out.
    ///
    /// - Returns: the names of the recordings that are there.
    private func backUp(_ mount: MountedAccount) throws -> [String] {
        let target = try TemporaryFolder()
        let result = try Command.run(
            ["rsync", "-a", "--exclude", ".twiliofs", "./", target.url.path], directory: mount.path)
        #expect(result.end == .exited(0), "\(result.errorText)")
        return try Command.shell(
            "find recordings video-recordings compositions -type f | sort", directory: target.url.path
        ).lines
    }

    private static func unreadable(_ mount: MountedAccount) throws -> [String] {
        try Command.shell("jq -r '.unreadable[].sentence' .twiliofs/status.json", directory: mount.path).lines
    }

    @Test("Some damaged envelopes don't make a key one that isn't held", arguments: [true, false])
    func damagedEnvelopes(isHiding: Bool) throws {
        let account = try SimulatedAccount(media: nil)
        let media = try TestMedia.small.appending(path: "recordings/short.wav").path
        let sids = (0..<9).map { "RE\($0)" + String(repeating: "a", count: 31) }
        // The first and the last: nearly all of them, wherever examples are taken from.
        let damaged = Set(sids.prefix(3) + sids.suffix(4))
        for sid in sids {
            let details =
                damaged.contains(sid)
                ? #","encryption_details":{"type":"rsa-aes","encrypted_cek":"\#(Self.damagedKey)","iv":"AAAAAAAAAAAAAAAA","#
                    + #""public_key_sid":"\#(account.simulator.publicKeySID ?? "")"}"# : ""
            try account.change(
                resource:
                    #"{"action":"add","kind":"recording","path":"\#(media)","fields":{"sid":"\#(sid)"\#(details)}}"#)
        }
        let mount = try MountedAccount(account, options: isHiding ? ["--hide-unreadable"] : [])
        #expect(try Command.shell("ls recordings | wc -l", directory: mount.path).lines == ["9"])
        for sid in sids {
            let result = try Command.run(["cat", "\(mount.path)/recordings/\(sid).wav"])
            #expect((result.end == .exited(0)) == !damaged.contains(sid), "\(sid): \(result.errorText)")
        }
        #expect(try Self.unreadable(mount) == [])
    }

    @Test("A key that is declared for voice leaves out video alone")
    func declaredKey() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(
            account, keys: ["voice:\(KeyPair.shared.privateKey())"], options: ["--hide-unreadable"])
        let expected = try account.originals().filter { !$1.encrypted || $1.kind == .recording }
            .map { $1.mountedPath(sid: $0) }
        #expect(try backUp(mount) == expected.sorted())
        let sid = try #require(account.simulator.publicKeySID)
        let sentence = "5 recordings are encrypted for \(sid), whose private key isn't held for video"
        #expect(try eventually(within: 20) { try Self.unreadable(mount).contains { $0.hasPrefix(sentence) } })
    }

    @Test("What is encrypted for a key that isn't named is left out and told of as well")
    func unnamedKey() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        for (sid, file) in try account.originals() where file.kind == .recording && file.encrypted {
            let details = #"{"type":"rsa-aes","encrypted_cek":"\#(Self.damagedKey)","iv":"AAAAAAAAAAAAAAAA"}"#
            try account.change(
                resource: #"{"action":"update","sid":"\#(sid)","fields":{"encryption_details":\#(details)}}"#)
        }
        let mount = try MountedAccount(
            account, keys: [KeyPair.other.privateKey()], options: ["--hide-unreadable", "--kinds", "voice"])
        #expect(try backUp(mount) == [account.original("old.wav")].map { $0.file.mountedPath(sid: $0.sid) })
        #expect(
            try eventually(within: 20) {
                try Self.unreadable(mount).contains { $0.contains("a public key that Twilio doesn't name") }
            })
    }

    @Test(
        "Video whose resource names no key is left out and told of once its media says that it is encrypted",
        arguments: [true, false])
    func unnamedVideoKey(tellsSize: Bool) throws {
        let account = try SimulatedAccount(media: TestMedia.small) { configuration in
            configuration.behaviour.nullFields = ["encryption_key"]
            // With RSAES-PKCS1-v1_5, a wrong key may seem to be the right one by chance.
            configuration.behaviour.metadataVersion = .two
            configuration.behaviour.contentAlgorithm = tellsSize ? .gcm : .cbc
            configuration.behaviour.sendsUnencryptedLength = tellsSize
        }
        let cache = try TemporaryFolder()
        let mount = try MountedAccount(
            account, keys: [KeyPair.other.privateKey()], options: ["--hide-unreadable"],
            cacheFolder: cache.path("cache"))
        let expected = try account.originals().filter { !$1.encrypted }.map { $1.mountedPath(sid: $0) }.sorted()
        let sid = try #require(account.originals().first { $1.encrypted && $1.kind == .composition }?.key)
        // Each size is learnt, and with it whether the media is encrypted.
        _ = try Command.run(["ls", "-lR", "video-recordings", "compositions"], directory: mount.path)
        #expect(
            try eventually {
                try Command.run(
                    ["find", "recordings", "video-recordings", "compositions", "-type", "f"], directory: mount.path
                ).lines.sorted() == expected
            })
        #expect(try backUp(mount) == expected)
        #expect(
            try eventually {
                try Command.run(["stat", "compositions/\(sid).mp4"], directory: mount.path).errorText
                    .contains("No such file")
            })
        let sentence = "5 recordings are encrypted for a public key that Twilio doesn't name"
        #expect(try eventually(within: 60) { try Self.unreadable(mount).contains { $0.hasPrefix(sentence) } })
        try mount.unmount()

        let right = try MountedAccount(account, options: ["--hide-unreadable"], cacheFolder: cache.path("cache"))
        #expect(try right.differences(from: account) == [])
        #expect(try backUp(right).count == account.originals().count)
        #expect(try Self.unreadable(right) == [])
    }

    @Test("What is said to be elsewhere and can be read all the same isn't left out")
    func elsewhere() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        for (sid, file) in try account.originals() {
            let name = file.kind == .recording ? "media_url" : "media_external_location"
            let address = "https://bucket.s3.amazonaws.com/\(sid)"
            try account.change(
                resource: #"{"action":"update","sid":"\#(sid)","fields":{"\#(name)":"\#(address)"}}"#)
        }
        let mount = try MountedAccount(account, options: ["--hide-unreadable"])
        #expect(try backUp(mount).count == account.originals().count)
        #expect(try Self.unreadable(mount) == [])
    }
}
