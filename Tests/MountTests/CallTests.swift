import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Who speaks, in a mount", .orderly, .needsFUSE)
struct CallTests {
    private static let conference = "CF" + String(repeating: "1", count: 32)

    /// An account whose recordings are of calls with parties that the test gives, one a minute.
    private struct Bench {
        let account: SimulatedAccount
        /// The SIDs of the recordings, in the order of their calls.
        let sids: [String]
        let folder: TemporaryFolder

        init(_ parties: [(from: String, to: String)]) throws {
            account = try SimulatedAccount(media: nil)
            folder = try TemporaryFolder()
            let file = try TestMedia.small.appending(path: "recordings/short.wav").path
            var sids: [String] = []
            for (number, party) in parties.enumerated() {
                let digits = "\(number)" + String(repeating: "e", count: 31)
                sids.append(
                    try account.change(
                        resource: """
                            {"action": "add", "kind": "recording", "path": "\(file)",
                             "fields": {"sid": "RE\(digits)", "call_sid": "CA\(digits)",
                                        "date_created": "2026-03-08T09:1\(number):33Z",
                                        "conference_sid": \(number == 0 ? "\"\(conference)\"" : "null")}}
                            """))
                try account.simulator.control(
                    "POST", "calls",
                    body: """
                        {"sid": "CA\(digits)",
                         "fields": {"from": "\(party.from)", "to": "\(party.to)", "direction": "inbound"}}
                        """)
            }
            self.sids = sids
        }

        func mount(_ options: [String] = []) throws -> MountedAccount {
            try MountedAccount(account, options: options, cacheFolder: folder.path("cache"))
        }
    }

    private static func shell(_ mount: MountedAccount, _ script: String, _ argument: String = "") throws -> [String] {
        try Command.shell(script, argument, directory: mount.path).lines
    }

    private static func attribute(_ name: String, of path: String) throws -> String? {
        let result = try Command.run(["getfattr", "--only-values", "-n", "user.twilio.\(name)", path])
        return result.end == .exited(0) ? result.text : nil
    }

    @Test("getfattr, by-number and by-conference tell who speaks, also after a remount")
    func views() throws {
        let bench = try Bench([
            ("+493012345", "+498976543"), ("anonymous", "+498976543"), ("client:alice", "sip:a/../b@example.com"),
        ])
        let expected = [
            "by-conference/\(Self.conference)/\(bench.sids[0]).wav",
            "by-number/+493012345/\(bench.sids[0]).wav", "by-number/+498976543/\(bench.sids[0]).wav",
            "by-number/+498976543/\(bench.sids[1]).wav", "by-number/anonymous/\(bench.sids[1]).wav",
            "by-number/anonymous/\(bench.sids[2]).wav",
        ]
        for round in ["first", "again"] {
            let mount = try bench.mount()
            let links = try Self.shell(mount, "find by-conference by-number -type l | LC_ALL=C sort")
            #expect(links == expected, "\(round): \(mount.log)")
            // Each leads to its file.
            #expect(try Self.shell(mount, "find by-conference by-number -xtype f | wc -l") == ["\(expected.count)"])
            let path = "\(mount.path)/recordings/\(bench.sids[0]).wav"
            #expect(try Self.attribute("from", of: path) == "+493012345")
            #expect(try Self.attribute("to", of: path) == "+498976543")
            #expect(try Self.attribute("direction", of: path) == "inbound")
            #expect(try Self.attribute("conference_sid", of: path) == Self.conference)
            #expect(try Self.attribute("source", of: path) == "RecordVerb")
            #expect(try Self.attribute("start_time", of: path) == "2026-03-08T09:10:33Z")
            #expect(try Self.attribute("track_name", of: path) == nil)
            let count = bench.account.requests.filter { $0.path.hasSuffix("/Calls.json") }.count
            // One at each mounting, to see whether the key reaches them, and at first the list.
            #expect(round == "first" ? count >= 2 : count <= 4, "\(round): \(count)")
            try mount.unmount()
        }
    }

    @Test("Readable names are listed, found and copied, and stay the same")
    func readable() throws {
        let bench = try Bench([("+493012345", "+498976543"), ("anonymous", "client:a/b*?"), ("", "+493012345")])
        let folder = try TemporaryFolder()
        let expected = [
            "09-10-33 +493012345 → +498976543 \(bench.sids[0]).wav",
            "09-11-33 anonymous → client_a_b__ \(bench.sids[1]).wav",
            "09-12-33 anonymous → +493012345 \(bench.sids[2]).wav",
        ]
        for round in ["first", "again"] {
            let mount = try bench.mount(["--link-names", "readable"])
            #expect(try Self.shell(mount, "ls by-date/2026/03/08 | LC_ALL=C sort") == expected, "\(mount.log)")
            for (name, sid) in zip(expected, bench.sids) {
                #expect(
                    try Self.shell(mount, "readlink \"by-date/2026/03/08/$1\"", name)
                        == ["../../../../recordings/\(sid).wav"])
            }
            #expect(
                try Self.shell(mount, "ls by-number/anonymous | LC_ALL=C sort")
                    == expected.dropFirst().map { "2026-03-08 \($0)" })
            #expect(try Self.shell(mount, "ls recordings | LC_ALL=C sort") == bench.sids.map { "\($0).wav" })
            let copy = ["rsync", "-aLi", "\(mount.path)/by-date/", folder.path("copy")]
            let changes = try Command.require(copy).lines
            #expect(changes.isEmpty == (round == "again"), "\(changes)")
            #expect(try Command.require(copy).lines == [])
            #expect(
                try Command.shell("ls 2026/03/08 | LC_ALL=C sort", directory: folder.path("copy")).lines == expected)
            #expect(
                try Command.run(["stat", "\(mount.path)/by-date/2026/03/08/\(bench.sids[0]).wav"]).end != .exited(0))
            try mount.unmount()
        }
    }

    @Test(
        "A key that doesn't reach the calls breaks nothing: one line in the log, and no names", arguments: [401, 403])
    func refused(status: Int) throws {
        let bench = try Bench([("+493012345", "+498976543")])
        bench.account.simulator.faults = [.init(.status(status), path: "*/Calls.json")]
        let mount = try bench.mount(["--link-names", "readable"])
        #expect(try Self.shell(mount, "ls by-date/2026/03/08") == ["09-10-33 \(bench.sids[0]).wav"])
        #expect(
            try Self.shell(mount, "ls") == [
                "by-call", "by-conference", "by-date", "by-room", "compositions", "metadata", "recordings",
                "video-recordings",
            ])
        #expect(try Self.attribute("from", of: "\(mount.path)/recordings/\(bench.sids[0]).wav") == nil)
        try Command.require(["cat", "\(mount.path)/recordings/\(bench.sids[0]).wav"])
        #expect(mount.log.split(separator: "\n").filter { $0.contains("list of calls") }.count == 1, "\(mount.log)")
        #expect(bench.account.requests.filter { $0.path.hasSuffix("/Calls.json") }.count == 1)
    }

    @Test("A token that reaches the calls after all brings what they tell, without another mount")
    func rotated() throws {
        let bench = try Bench([("+493012345", "+498976543")])
        bench.account.simulator.faults = [.init(.status(403), path: "*/Calls.json")]
        func write(_ token: String) throws { try bench.folder.secretFile("token", token) }
        try write(bench.account.simulator.credentials.authToken)
        let mount = try MountedAccount(
            bench.account, options: ["--auth-token-file", bench.folder.path("token")],
            environment: ["TWILIO_AUTH_TOKEN": ""])
        // The calls are asked for once the recordings are listed.
        #expect(try Self.shell(mount, "ls recordings; ls | grep by-number || true") == ["\(bench.sids[0]).wav"])
        #expect(try Self.shell(mount, "jq -r .calls.state <.twiliofs/status.json") == ["refused"])
        let status = try Command.require([BuiltPrograms.twiliofs, "status", mount.path]).lines
        let row = try #require(status.firstIndex { $0.hasPrefix("calls ") && $0.contains("refused") })
        #expect(status[row + 1].contains("status 403"))

        let token = "another-token-of-the-account"
        bench.account.simulator.faults = []
        try bench.account.simulator.replaceSecrets(authToken: token, apiSecret: nil, clientSecret: nil)
        try write(token)
        mount.process.send(SIGHUP)
        try wait(until: "by-number is there") { try Self.shell(mount, "ls").contains("by-number") }
        #expect(try Self.shell(mount, "ls by-number") == ["+493012345", "+498976543"])
        #expect(try Self.attribute("from", of: "\(mount.path)/recordings/\(bench.sids[0]).wav") == "+493012345")
        #expect(try Self.shell(mount, "jq -r .calls.state <.twiliofs/status.json") == ["complete"])
        #expect(mount.hasLogged("the list of calls can be fetched again"))
    }

    @Test("With --no-calls nothing is asked for, and by-conference is there all the same")
    func without() throws {
        let bench = try Bench([("+493012345", "+498976543")])
        let mount = try bench.mount(["--no-calls"])
        #expect(try Self.shell(mount, "ls by-date/2026/03/08") == ["\(bench.sids[0]).wav"])
        #expect(try Self.shell(mount, "ls by-conference") == [Self.conference])
        #expect(try Command.run(["stat", "\(mount.path)/by-number"]).end != .exited(0))
        #expect(bench.account.requests.allSatisfy { !$0.path.contains("Calls") })
        #expect(try Self.shell(mount, "jq -c .calls <.twiliofs/status.json") == ["null"])
    }

    @Test("A catalog of the version before is converted by a mount, and keeps what it has")
    func upgrade() throws {
        let bench = try Bench([("+493012345", "+498976543")])
        let mount = try bench.mount(["--no-calls"])
        let before = try Self.shell(mount, "stat -c '%i %s' recordings/*")
        try mount.unmount()
        let found = try Command.require(["find", bench.folder.path("cache"), "-name", "catalog.sqlite"]).lines
        try CatalogEdit(
            sql: """
                DROP TABLE call; DROP TABLE conference; DROP TABLE row_count;
                DROP TABLE unordered; DROP INDEX IF EXISTS entry_of_group;
                DELETE FROM grdb_migrations
                WHERE identifier IN ('calls', 'times of passes', 'lists without order', 'order of groups')
                """
        ).apply(to: try #require(found.first))
        let again = try bench.mount()
        #expect(try Self.shell(again, "stat -c '%i %s' recordings/*") == before)
        #expect(try Self.shell(again, "ls by-number by-conference/*").contains("+493012345"))
        #expect(!again.log.contains("set aside"))
    }
}
