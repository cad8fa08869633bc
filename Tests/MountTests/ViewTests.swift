import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("The views of a mount", .orderly, .needsFUSE)
struct ViewTests {
    /// Adds voice recordings that were made at some times.
    private static func add(recordingsOf times: [String], to account: SimulatedAccount) throws {
        let file = try TestMedia.small.appending(path: "recordings/short.wav").path
        for (number, time) in times.enumerated() {
            let sid = "RE\(number)" + String(repeating: "f", count: 31)
            try account.change(
                resource: """
                    {"action": "add", "kind": "recording", "path": "\(file)",
                     "fields": {"sid": "\(sid)", "date_created": "\(time)"}}
                    """)
        }
    }

    private static func findLinks(_ path: String) throws -> [String] {
        try Command.shell("find by-date by-call by-room -type l -printf '%p %l\\n' | LC_ALL=C sort", directory: path)
            .lines
    }

    @Test(
        "The links are those that the resources call for, in UTC, wherever the machine is",
        arguments: ["UTC", "America/New_York", "Pacific/Kiritimati"])
    func links(timeZone: String) throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        // Around the beginning of a day, and where New York changes its clocks.
        let times = [
            "2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z", "2026-03-07T23:59:59Z", "2026-03-08T00:00:00Z",
            "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z",
        ]
        try Self.add(recordingsOf: times, to: account)
        let mount = try MountedAccount(account, environment: ["TZ": timeZone])
        let expected = try Python.run("view_links", "expected", mount.path).lines
        #expect(expected.count == 2 * (times.count + 10))
        #expect(try Self.findLinks(mount.path) == expected)
        // Each leads to a file, whose type and time are the link's.
        let check = "find by-date by-call by-room -xtype f | wc -l; find by-date by-call by-room -xtype l | wc -l"
        #expect(try Command.shell(check, directory: mount.path).lines == ["\(expected.count)", "0"])
    }

    @Test("stat of a link has its target's length and the recording's time, and links can't be changed")
    func attributes() throws {
        let bench = try MountBench()
        try Python.run("view_links", "attributes", bench.mount.path)
    }

    @Test("find -L, cp -rL, tar -h and rsync -aL of a view have the originals, rsync -a of the root has links")
    func programs() throws {
        let bench = try MountBench()
        let folder = try TemporaryFolder()
        let originals = try bench.account.originals()
        let expected = originals.map {
            "\($0.value.sha256)  \($0.value.mountedPath(sid: $0.key).split(separator: "/")[1])"
        }
        try bench.shell("cp -rL by-date \"$1\"", folder.folder("cp"))
        try bench.shell("tar -chf - by-date | tar -C \"$1\" -xf -", folder.folder("tar"))
        try bench.shell("rsync -aL by-date \"$1\"", folder.folder("rsync"))
        for copy in ["cp", "tar", "rsync"] {
            let hashes = try Command.shell(
                #"find by-date -type f -exec sha256sum {} + | sed 's,by-date/.*/,,'"#, directory: folder.path(copy))
            #expect(hashes.lines.sorted() == expected.sorted(), "\(copy)")
        }
        #expect(try bench.shell("find -L by-date by-call by-room -type f | wc -l").lines == ["\(originals.count * 2)"])
        try Command.require(["rsync", "-a", bench.mount.path + "/", folder.path("backup")])
        #expect(try Self.findLinks(folder.path("backup")) == Self.findLinks(bench.mount.path))
        let again = try Command.require(["rsync", "-ai", bench.mount.path + "/", folder.path("backup")])
        #expect(again.lines.filter { !$0.contains(".twiliofs") } == [])
    }

    @Test("A day of an account that is still being listed can be listed at once")
    func coldDay() throws {
        let bench = try MountBench(options: ["--kinds", "voice"]) {
            $0.generatedRecordings = 100_000
            $0.behaviour.pageSizeLimit = 100
            $0.behaviour.latencyMilliseconds = 50
        }
        let listing = try bench.shell("ls by-date/$(date -u -d '2 days ago' +%Y/%m/%d)")
        #expect(listing.lines.count == 1440)
        #expect(listing.lines.allSatisfy { $0.hasPrefix("RE") && $0.hasSuffix(".wav") })
        let state = try bench.shell("jq -r .lists.recordings.state <.twiliofs/status.json")
        #expect(state.lines == ["syncing"])
        #expect(
            try bench.shell("ls").lines == [
                "by-call", "by-conference", "by-date", "by-number", "metadata", "recordings",
            ])
    }

    @Test("Only what --since and --until leave is shown, in every directory")
    func window() throws {
        let account = try SimulatedAccount(media: nil)
        try Self.add(
            recordingsOf: [
                "2026-03-07T23:59:59Z", "2026-03-08T00:00:00Z", "2026-03-09T23:59:59Z", "2026-03-10T00:00:00Z",
            ],
            to: account)
        let mount = try MountedAccount(
            account, options: ["--since", "2026-03-08", "--until", "2026-03-09", "--kinds", "voice,compositions"])
        func shell(_ script: String) throws -> [String] { try Command.shell(script, directory: mount.path).lines }
        #expect(
            try shell("stat -c %y recordings/* | sort") == [
                "2026-03-08 00:00:00.000000000 +0000", "2026-03-09 23:59:59.000000000 +0000",
            ])
        #expect(
            try shell("ls") == [
                "by-call", "by-conference", "by-date", "by-number", "by-room", "compositions", "metadata", "recordings",
            ])
        #expect(try shell("ls -d by-date/*/*/*") == ["by-date/2026/03/08", "by-date/2026/03/09"])
        #expect(try shell("ls by-call metadata/recordings | grep -c '^CA\\|^RE'") == ["4"])
    }
}
