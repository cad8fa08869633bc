import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Channels of voice recordings", .orderly, .needsFUSE)
struct ChannelTests {
    private static let conference = #"{"conference_sid":"CF0123456789abcdef0123456789abcdef","source":"Conference"}"#

    /// A conference with two channels, another recording with two, and one with one whose resource says two.
    private static func makeMedia(in folder: TemporaryFolder) throws {
        let real = try TestMedia.real
        let target = folder.url.appending(path: "recordings/unencrypted")
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        for (name, source, side) in [
            ("conference", "stereo", conference), ("call", "stereo", "{}"), ("mono", "mono", #"{"channels":2}"#),
        ] {
            try FileManager.default.copyItem(
                at: real.appending(path: "recordings/\(source).wav"), to: target.appending(path: "\(name).wav"))
            try Data(side.utf8).write(to: target.appending(path: "\(name).json"))
        }
    }

    @Test("A conference has both of its channels, and what can't be had with two is had with one, also after a remount")
    func channels() throws {
        let media = try TemporaryFolder()
        let cache = try TemporaryFolder()
        try Self.makeMedia(in: media)
        let account = try SimulatedAccount(media: media.url)
        for isFirst in [true, false] {
            account.clearRequests()
            let mount = try MountedAccount(account, cacheFolder: cache.path("cache"))
            #expect(try mount.differences(from: account) == [])
            // Which form it is was remembered with the size: nobody is asked again.
            let refusals = account.mediaRequests.count { $0.status == 400 }
            #expect(refusals == (isFirst ? 1 : 0))
            try mount.unmount()
        }
    }

    @Test("Nothing but Twilio's own error makes it be had with one", arguments: ["text/html", "application/json"])
    func otherRefusals(type: String) throws {
        let media = try TemporaryFolder()
        try Self.makeMedia(in: media)
        let account = try SimulatedAccount(media: media.url)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("ls recordings >/dev/null", directory: mount.path)
        let body =
            type == "text/html" ? "<html>Bad Request</html>" : #"{"code":20001,"message":"Invalid","status":400}"#
        for name in ["conference.wav", "call.wav"] {
            let file = try account.original(name)
            account.simulator.faults = [
                FaultRule(.answer(400, type: type, body: body), path: "*\(file.sid).wav", count: 1)
            ]
            let first = try Command.run(["sha256sum", mount.path(of: file)])
            #expect(first.end == .exited(1) || first.text.hasPrefix(file.file.sha256))
            let second = try Command.require(["sha256sum", mount.path(of: file)])
            #expect(second.text.hasPrefix(file.file.sha256), "\(name)")
        }
    }
}
