import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Credentials that reach a part of the account", .orderlyAndLong, .needsFUSE)
struct RestrictedKeyTests {
    private static let key = "SK" + String(repeating: "7", count: 32)

    /// A mount with an API key that reaches some kinds.
    private static func environment() -> [String: String] {
        ["TWILIO_AUTH_TOKEN": "", "TWILIO_API_KEY": key, "TWILIO_API_SECRET": "restricted-7e5ac0"]
    }

    private static func account(_ kinds: [MediaKind]?) throws -> SimulatedAccount {
        try SimulatedAccount(media: TestMedia.small) {
            $0.keys = [try SimulatedKey(sid: key, secret: "restricted-7e5ac0", kinds: kinds)]
        }
    }

    /// Has the key reach some kinds from now on; nil for all.
    private static func restrict(_ account: SimulatedAccount, to kinds: String?, status: Int = 401) throws {
        let kinds = kinds.map { #""kinds":\#($0),"# } ?? ""
        try account.simulator.control(
            "POST", "keys", body: #"{"sid":"\#(key)","secret":"restricted-7e5ac0",\#(kinds)"status":\#(status)}"#)
    }

    private static func run(_ command: String, in mount: MountedAccount) throws -> CommandResult {
        try Command.run(["sh", "-c", command], directory: mount.path)
    }

    @Test(
        "What a key reaches can be mounted, named with --kinds, with views of it",
        arguments: [
            ([.videoRecording], "video", ["by-date", "by-room", "metadata", "video-recordings"], 5),
            ([.videoRecording, .composition], "compositions", ["by-date", "by-room", "compositions", "metadata"], 2),
            ([.recording], "voice", ["by-call", "by-conference", "by-date", "by-number", "metadata", "recordings"], 3),
        ] as [([MediaKind], String, [String], Int)])
    func part(kinds: [MediaKind], option: String, names: [String], count: Int) throws {
        let account = try Self.account(kinds)
        let mount = try MountedAccount(account, options: ["--kinds", option], environment: Self.environment())
        #expect(try Self.run("ls", in: mount).lines == names)
        #expect(try Self.run("find -L by-date -type f | wc -l", in: mount).lines == ["\(count)"])
        #expect(account.requests.allSatisfy { $0.status != 401 })
    }

    @Test(
        "A list that begins to be refused can't be opened, while the others go on; it is asked for once a refresh",
        arguments: [401, 403, 404])
    func begins(status: Int) throws {
        let account = try Self.account(nil)
        let mount = try MountedAccount(
            account, options: ["--no-probing", "--refresh", "5"], environment: Self.environment())
        let known = try Self.run("ls video-recordings", in: mount).lines
        #expect(known.count == 5)
        #expect(try Self.run("stat video-recordings/*", in: mount).end == .exited(0), "the sizes are known")
        #expect(try Self.run("ls recordings compositions", in: mount).end == .exited(0))
        try Self.restrict(account, to: #"["recording","composition"]"#, status: status)
        try wait(until: "the list is refused") {
            try Self.run("ls video-recordings", in: mount).errorText.contains("Permission denied")
        }
        account.clearRequests()
        let start = ContinuousClock.now
        for _ in 0..<20 {
            for directory in ["video-recordings", "metadata/video-recordings", "by-date", "by-room"] {
                let result = try Self.run("ls \(directory)", in: mount)
                #expect(result.end == .exited(2) && result.text == "" && result.errorText.contains("Permission denied"))
            }
        }
        let refreshes = Int((ContinuousClock.now - start) / .seconds(5)) + 1
        #expect(account.requests.count { $0.path == "/v1/Recordings" } <= refreshes)
        for (directory, count) in [("recordings", 3), ("compositions", 2), ("by-call", 1)] {
            #expect(try Self.run("ls \(directory)", in: mount).lines.count >= count, "\(directory)")
        }
        // Names that aren't known would be refused alike, and cost a request each.
        for number in 10..<30 {
            let name = "RT" + String(repeating: "0", count: 30) + "\(number)"
            let names = "video-recordings/\(name).mka metadata/video-recordings/\(name).json"
            #expect(try Self.run("stat \(names)", in: mount).errorText.matches(of: /Permission denied/).count == 2)
        }
        #expect(account.requests.allSatisfy { !$0.path.hasPrefix("/v1/Recordings/RT0") })
        #expect(try Self.run("stat video-recordings/\(known[0])", in: mount).end == .exited(0))
        let resource = "metadata/video-recordings/\(known[0].prefix(34)).json"
        #expect(try Self.run("cat \(resource)", in: mount).end == .exited(0), "it is known by its name")

        let state = "jq -r '.lists[\"video-recordings\"] | .state, .error' <.twiliofs/status.json"
        let words = try Self.run(state, in: mount).lines
        #expect(words.first == "refused" && words.last?.contains("status \(status)") == true)
        let metric = #"grep -c 'list_state.*list="video-recordings",state="refused"} 1$' .twiliofs/metrics"#
        #expect(try Self.run(metric, in: mount).lines == ["1"])
        #expect(mount.log.split(separator: "\n").count { $0.contains("list of video recordings can't be shown") } == 1)
        #expect(!mount.log.contains("opendir failed"))

        try Self.restrict(account, to: nil)
        try wait(until: "the list is there again") { try Self.run("ls video-recordings", in: mount).lines == known }
        #expect(try Self.run("find -L by-date -type f | wc -l", in: mount).lines == ["10"])
        #expect(mount.hasLogged("the list of video recordings can be fetched again"))
    }

    @Test("A key for voice, and one for video in --video-credentials, show everything, each with what it reaches")
    func separate() throws {
        let account = try Self.account([.recording])
        let video = "SK" + String(repeating: "8", count: 32)
        account.simulator.keys += [
            try SimulatedKey(sid: video, secret: "for-video-41f6aa", kinds: [.videoRecording, .composition])
        ]
        let folder = try TemporaryFolder()
        let file = try folder.secretFile("video", "# for video\n\(account.sid) \(video) for-video-41f6aa\n")
        let mount = try MountedAccount(
            account, options: ["--video-credentials", file], environment: Self.environment())
        #expect(try mount.differences(from: account) == [])
        #expect(account.requests.allSatisfy { $0.status != 401 })
    }

    @Test("Days of kinds that are whole are shown when these are named, although another kind is refused meanwhile")
    func byDate() throws {
        let account = try Self.account(nil)
        let mount = try MountedAccount(
            account, options: ["--kinds", "voice,compositions", "--refresh", "1"], environment: Self.environment())
        try Self.restrict(account, to: #"["recording","composition"]"#)
        for _ in 0..<3 {
            #expect(try Self.run("find -L by-date -type f | wc -l", in: mount).lines == ["5"])
            usleep(1_100_000)
        }
        #expect(account.requests.allSatisfy { $0.status != 401 })
    }
}
