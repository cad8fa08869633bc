import Foundation
import TestSupport
import Testing

@Suite("Recordings that can't be read", .orderly, .needsFUSE)
struct UnreadableTests {
    private static let otherSID = "CR" + String(repeating: "2", count: 32)
    private static let lostSID = "RE" + String(repeating: "7", count: 32)
    private static let bucketSID = "RE" + String(repeating: "8", count: 32)

    /// An account with one recording for a key that isn't held, and one in a bucket of its owner.
    private func makeAccount() throws -> SimulatedAccount {
        let account = try SimulatedAccount(
            media: TestMedia.small,
            publicKeys: [KeyPair.shared.publicKey, "\(Self.otherSID)=\(KeyPair.other.publicKey)"])
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
        #expect(mount.log.contains(Self.lostSID), "the log names the recording")
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
            #expect(eventually(within: 20) { mount.log.contains("--hide-unreadable leaves them out") })
            try mount.unmount()
        }
    }
}
