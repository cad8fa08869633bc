import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Subaccounts in a mount", .orderly, .needsFUSE)
struct SubaccountTests {
    /// Accounts `own`, whose credentials are in the file, `other`, whose aren't, and `suspended`.
    private struct Bench {
        let account: SimulatedAccount
        let folder: TemporaryFolder
        let options: [String]

        init() throws {
            folder = try TemporaryFolder()
            var subaccounts: [SimulatedSubaccount] = []
            for name in ["own", "other", "suspended"] {
                for file in ["recordings/\(name).wav", "video-recordings/\(name).mka", "compositions/\(name).mp4"] {
                    let url = folder.url.appending(path: "\(name)/\(file)")
                    try FileManager.default.createDirectory(
                        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try TestMedia.noise(100_000 + name.count, seed: UInt64(name.count)).write(to: url)
                }
                subaccounts.append(
                    try SimulatedSubaccount(
                        name: name, mediaFolder: folder.path(name), status: name == "suspended" ? .suspended : .active))
            }
            account = try SimulatedAccount(media: TestMedia.small) { $0.subaccounts = subaccounts }
            let own = account.simulator.subaccounts[0]
            let file = try folder.secretFile("credentials", "# of subaccounts\n\n\(own.sid) \(own.authToken)\n")
            options = ["--subaccounts", "--subaccount-credentials", file]
        }

        var own: String { account.simulator.subaccounts[0].sid }
        var other: String { account.simulator.subaccounts[1].sid }

        func mount(_ options: [String]? = nil) throws -> MountedAccount {
            try MountedAccount(account, options: options ?? self.options, cacheFolder: folder.path("cache"))
        }
    }

    private static func shell(_ mount: MountedAccount, _ script: String) throws -> [String] {
        try Command.shell(script, directory: mount.path).lines
    }

    @Test("Each active subaccount has a tree of its own, with the video of those whose credentials are given")
    func trees() throws {
        let bench = try Bench()
        let mount = try bench.mount()
        let main = [
            "by-call", "by-conference", "by-date", "by-number", "by-room", "compositions", "metadata", "recordings",
            "video-recordings",
        ]
        #expect(try Self.shell(mount, "ls -A") == ([".twiliofs", "accounts"] + main))
        #expect(try Self.shell(mount, "ls accounts") == [bench.own, bench.other].sorted())
        #expect(try Self.shell(mount, "ls -A accounts/\(bench.own)") == main)
        #expect(
            try Self.shell(mount, "ls -A accounts/\(bench.other)") == [
                "by-call", "by-conference", "by-date", "by-number", "metadata", "recordings",
            ])
        #expect(try mount.differences(from: bench.account) == [])
        for (sid, count) in [(bench.own, 3), (bench.other, 1)] {
            let originals = try bench.account.originals(of: sid).filter { count == 3 || $0.value.kind == .recording }
            #expect(originals.count == count)
            let files = try Self.shell(
                mount, "cd accounts/\(sid); find . -type f ! -name '*.json' -exec sha256sum {} +")
            #expect(
                files.sorted() == originals.map { "\($1.sha256)  ./\($1.mountedPath(sid: $0))" }.sorted())
            let linked = try Self.shell(mount, "find -L accounts/\(sid)/by-* -type f | wc -l")
            // By day, and by call or room; the one voice recording also by the numbers of both sides.
            #expect(linked == ["\(2 * count + 2)"])
        }
        let report = try Self.shell(mount, "jq -r '.accounts[] | .name + \": \" + .video' <.twiliofs/status.json")
        #expect(report.contains("own: available"))
        #expect(report.contains { $0.hasPrefix("other: ") && $0.contains("--subaccount-credentials") })
        #expect(mount.hasLogged("the video of the subaccount \(bench.other) is not shown"))
        #expect(bench.account.requests.allSatisfy { $0.status != 401 })
        // What is used, of all accounts.
        #expect(try Self.shell(mount, "df --output=iused . | tail -1").first?.hasSuffix("14") == true)
        let without = try bench.mount([])
        #expect(try Self.shell(without, "ls") == main)
    }

    @Test("What the log says of one account names it, where there are several")
    func log() throws {
        let bench = try Bench()
        let options = bench.options + ["--no-probing", "--log-level", "info"]
        let mount = try MountedAccount(bench.account, keys: [], options: options)
        _ = try Self.shell(mount, "ls recordings video-recordings compositions accounts/*/*")
        let accounts = [bench.account.sid, bench.own, bench.other]
        let sentences = ["the list of voice recordings is complete", "whose private key isn't held"]
        for sentence in sentences {
            try wait(until: "each account has its line: \(sentence)") {
                let lines = mount.log.split(separator: "\n").filter { $0.contains(sentence) }
                return accounts.allSatisfy { sid in lines.contains { $0.contains(" account=\(sid)") } }
                    && lines.allSatisfy { $0.contains(" account=AC") }
            }
        }
        let without = try bench.mount([])
        _ = try Self.shell(without, "ls recordings")
        try wait(until: "the list is complete") { without.log.contains(sentences[0]) }
        #expect(!without.log.contains(" account="), "\(without.log)")
    }

    @Test("A subaccount whose key begins to be refused hides nothing else, and is back with its file")
    func refused() throws {
        let bench = try Bench()
        let key = "SK" + String(repeating: "7", count: 32)
        func accept(_ secret: String) throws {
            try bench.account.simulator.control(
                "POST", "keys", body: #"{"sid":"\#(key)","secret":"\#(secret)","account":"\#(bench.own)"}"#)
        }
        func write(_ secret: String) throws {
            try bench.folder.secretFile("credentials", "\(bench.own) \(key) \(secret)\n")
        }
        try accept("first")
        try write("first")
        let mount = try bench.mount(bench.options + ["--refresh", "1", "--no-probing"])
        let own = "\(mount.path)/accounts/\(bench.own)"
        func isRefused() throws -> Bool {
            try ["video-recordings", "compositions", "by-date"].allSatisfy { name in
                try Command.run(["ls", "\(own)/\(name)"]).errorText.contains("Permission denied")
            }
        }
        func expectRest() throws {
            #expect(try Self.shell(mount, "ls accounts/\(bench.own)/recordings").count == 1)
            #expect(try Self.shell(mount, "find -L accounts/\(bench.other)/by-date -type f").count == 1)
            #expect(try mount.differences(from: bench.account) == [], "the account itself")
        }
        func isBack() throws -> Bool {
            let result = try Command.run(["find", "-L", "\(own)/by-date", "-type", "f"])
            return result.end == .exited(0) && result.lines.count == 3
        }
        try wait(until: "the video is there") { try isBack() }
        try accept("second")
        try wait(until: "the video is refused") { try isRefused() }
        let state = #"jq -r '.accounts[].lists["video-recordings"].state // empty' <.twiliofs/status.json"#
        #expect(try Self.shell(mount, state) == ["refused"])
        try expectRest()
        try write("second")
        try wait(until: "the video is there again") { try isBack() }
        #expect(mount.process.isRunning)
    }

    @Test("Inode numbers are all different, and the same after a remount; a second backup asks for no media")
    func stability() throws {
        let bench = try Bench()
        let list = "find . -path ./.twiliofs -prune -o -printf '%i %T@ %s %p\\n' | sort"
        var mount = try bench.mount()
        _ = try Self.shell(mount, "ls -R")
        try Command.require(["rsync", "-a", mount.path + "/", bench.folder.path("copy")])
        let before = try Self.shell(mount, list)
        let numbers = before.map { $0.prefix { $0 != " " } }
        #expect(Set(numbers).count == numbers.count)
        #expect(try mount.unmount().end == .exited(0))
        mount = try bench.mount()
        bench.account.clearRequests()
        let second = try Command.require(["rsync", "-ai", mount.path + "/", bench.folder.path("copy")])
        #expect(second.lines.filter { !$0.contains(".twiliofs") } == [])
        #expect(bench.account.mediaRequests.isEmpty)
        #expect(try Self.shell(mount, list) == before)
    }

    @Test("What was read of a subaccount is remembered as its own, and what was deleted there goes")
    func memory() throws {
        let bench = try Bench()
        let (video, original) = try #require(
            try bench.account.originals(of: bench.own).first { $0.value.kind == .composition })
        // Of a recording made just now, the media may come later than the resource.
        try bench.account.change(
            resource: #"{"action": "update", "sid": "\#(video)", "fields": {"date_created": "2026-01-01T00:00:00Z"}}"#,
            of: bench.own)
        let mount = try bench.mount()
        let (sid, file) = try #require(
            try bench.account.originals(of: bench.own).first { $0.value.kind == .recording })
        let path = "accounts/\(bench.own)/\(file.mountedPath(sid: sid))"
        _ = try Self.shell(mount, "cat \(path) >/dev/null")
        let attribute = "getfattr --only-values -n user.twilio.integrity \(path)"
        #expect(try Self.shell(mount, attribute) == ["verified"])
        #expect(try mount.unmount().end == .exited(0))
        let again = try bench.mount()
        #expect(try Self.shell(again, attribute) == ["verified"])
        let name = "accounts/\(bench.own)/\(original.mountedPath(sid: video))"
        #expect(try Self.shell(again, "ls \(name)") == [name])
        try bench.account.change(resource: #"{"action": "remove", "sid": "\#(video)"}"#, of: bench.own)
        _ = try Command.run(["cat", name], directory: again.path)
        #expect(
            eventually(within: 60) { (try? Command.run(["stat", name], directory: again.path))?.end == .exited(1) })
    }

    @Test("A hundred subaccounts take no more threads than two, at no moment while they are first listed")
    func threads() throws {
        /// The program's own threads, by name; those of the system's queues come and go.
        func own(_ process: Int32) -> [String] {
            ProcessFiles(process).threads.filter { $0 != "twiliofs" && !$0.contains("qos") }.sorted()
        }
        func most(subaccounts: Int) throws -> [String] {
            let account = try SimulatedAccount(media: nil) {
                $0.subaccounts = try (0..<subaccounts).map { try SimulatedSubaccount(name: "number\($0)") }
            }
            let mount = try MountedAccount(account, options: ["--subaccounts"])
            #expect(try Self.shell(mount, "ls accounts | wc -l") == ["\(subaccounts)"])
            let listing = try RunningCommand(
                ["sh", "-c", "ls accounts/*/recordings | grep -c ^accounts"], directory: mount.path)
            var most: [String] = []
            repeat {
                let names = own(mount.process.processID)
                if names.count > most.count { most = names }
            } while listing.isRunning
            #expect(try listing.wait().lines == ["\(subaccounts)"])
            return most
        }
        let (few, many) = (try most(subaccounts: 2), try most(subaccounts: 100))
        #expect(few.contains("checkpoint-0"))
        // One that is started late may be among the one and not the other.
        #expect(many.count <= few.count + 2, "\(few) became \(many)")
    }
}
