import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("An account with many recordings", .orderlyAndLong, .needsFUSE)
struct LargeAccountTests {
    /// The SIDs of all voice recordings of an account with so many, in order.
    private static func sids(_ count: Int) -> [String] {
        (0..<count).map(TwilioSimulator.generatedSID).sorted()
    }

    /// The names in the directory of voice recordings without their extension, in order; those that come twice are
    /// there twice.
    private static func listed(_ mount: MountedAccount) throws -> [String] {
        try Command.shell("ls -f recordings | sed -n 's/[.]wav$//p' | LC_ALL=C sort", directory: mount.path).lines
    }

    private static func pageRequests(_ account: SimulatedAccount) -> Int {
        account.requests.filter { $0.path.contains("/Recordings.json") }.count
    }

    /// What SQLite itself says of the catalogs in a cache folder: its check, the number of entries, and of different
    /// ones.
    private static func inspectCatalog(_ cache: String) throws -> [String] {
        try Python.run("catalog_file", "inspect", cache).lines
    }

    /// For how many seconds of the last year the catalog has the list.
    private static func coveredSeconds(_ cache: String) throws -> Int {
        let text = try Python.run("catalog_file", "coverage", cache).lines.first
        return try #require(text.flatMap { Int($0) })
    }

    @Test("A first listing that is killed again and again goes on each time, and nothing is lost or doubled")
    func killed() throws {
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = 60_000
            $0.behaviour.pageSizeLimit = 100
            $0.behaviour.latencyMilliseconds = 200
        }
        let folder = try TemporaryFolder()
        let cache = try folder.folder("cache")
        var generator = SeededGenerator(seed: 4)
        var covered: [Int] = []
        // Before anything is on disk, and while it grows: by more than a day's fifteen pages for each of sixteen parts.
        for least in [Int.random(in: 1...60, using: &generator)]
            + [1, 2].map({ _ in
                Int.random(in: 260...300, using: &generator)
            })
        {
            let mount = try MountedAccount(account, options: ["--kinds", "voice"], cacheFolder: cache)
            let before = Self.pageRequests(account)
            #expect(eventually(within: 100) { Self.pageRequests(account) >= before + least })
            mount.process.kill()
            try Command.require([BuiltPrograms.twiliofs, "unmount", mount.path])
            #expect(!mount.isMounted)
            #expect(try Self.inspectCatalog(cache).first == "ok")
            covered.append(try Self.coveredSeconds(cache))
        }
        let mount = try MountedAccount(account, options: ["--kinds", "voice"], cacheFolder: cache)
        let listed = try Self.listed(mount)
        #expect(listed == Self.sids(60_000), "\(listed.count)")
        #expect(try Self.inspectCatalog(cache) == ["ok", "60000 60000"])
        // Days are the smallest part of a voice list that can be asked for, so it is what is known that shows that it
        // went on.
        #expect(covered.count == 3 && covered[1] > 0 && covered[2] > covered[1], "\(covered)")
        try mount.unmount()
    }

    @Test("A page that fails while many are on their way fails the listing, which goes on when it is asked for again")
    func failingPage() throws {
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = 5000
            $0.behaviour.pageSizeLimit = 50
            $0.behaviour.latencyMilliseconds = 20
        }
        try account.add(
            faults: #"{"path":"*/Recordings.json","after":40,"count":1,"action":{"type":"status","code":400}}"#)
        let mount = try MountedAccount(account, options: ["--kinds", "voice"])
        let failed = try Command.run(["ls", "-f", "recordings"], directory: mount.path)
        #expect(failed.end == .exited(2) && failed.text == "", "\(failed.text.prefix(200))")
        #expect(failed.errorText.contains("Input/output error"), "\(failed.errorText)")
        #expect(mount.hasLogged("the list of voice recordings failed", "400"), "\(mount.log)")
        #expect(try Self.listed(mount) == Self.sids(5000))
    }

    @Test(
        "A list whose pages have no end fails, and is there when it has one again",
        arguments: [Behaviour.ListEnd.empty, .repeated])
    func endless(end: Behaviour.ListEnd) throws {
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = 500
            $0.behaviour.pageSizeLimit = 50
            $0.behaviour.listEnd = end
        }
        let mount = try MountedAccount(account, options: ["--kinds", "voice"])
        for _ in 0..<2 {
            let failed = try Command.run(["ls", "-f", "recordings"], directory: mount.path)
            #expect(failed.end == .exited(2) && failed.text == "", "\(failed.text.prefix(200))")
            #expect(failed.errorText.contains("Input/output error"), "\(failed.errorText)")
        }
        // The list's failure is told once, and with each request that failed by it.
        #expect(mount.hasLogged("the list of voice recordings failed"))
        let told = mount.log.split(separator: "\n").filter { $0.contains(" error: ") && $0.contains("have no end") }
        #expect(told.filter { $0.contains("the list of voice recordings failed") }.count == 1, "\(mount.log)")
        account.simulator.behaviour.listEnd = .proper
        #expect(try Self.listed(mount) == Self.sids(500))
    }

    @Test(
        "A day is whole when it is asked for alone, and so is the list, whatever filters by date mean",
        arguments: Behaviour.DateFilter.allCases)
    func dateFilters(filter: Behaviour.DateFilter) throws {
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = 12_000
            $0.behaviour.pageSizeLimit = 200
            $0.behaviour.dateFilter = filter
        }
        let mount = try MountedAccount(account, options: ["--kinds", "voice"])
        // The recordings are one a minute.
        let day = try Command.shell("date -u -d '5 days ago' +%Y/%m/%d").lines.first ?? ""
        let links = try Command.shell("ls -f by-date/\(day) | grep -c '^RE'", directory: mount.path).lines
        #expect(links == ["1440"])
        #expect(try Self.listed(mount) == Self.sids(12_000))
    }

    @Test("Two mounts that share a cache both show everything, cold and warm")
    func twoMounts() throws {
        let account = try SimulatedAccount(media: nil) {
            $0.generatedRecordings = 5000
            $0.behaviour.pageSizeLimit = 100
            $0.behaviour.latencyMilliseconds = 10
        }
        let expected = Self.sids(5000)
        let folder = try TemporaryFolder()
        let cache = try folder.folder("cache")
        for state in ["cold", "warm"] {
            let mounts = [
                try MountedAccount(account, options: ["--kinds", "voice"], cacheFolder: cache),
                try MountedAccount(account, options: ["--kinds", "voice"], cacheFolder: cache),
            ]
            let listings = try mounts.map { try RunningCommand(["ls", "-f", "\($0.path)/recordings"]) }
            for listing in listings {
                let lines = try listing.wait().lines.filter { $0.hasPrefix("RE") }.map { String($0.dropLast(4)) }
                #expect(lines.sorted() == expected, "\(state): \(lines.count)")
            }
            #expect(try Self.inspectCatalog(cache) == ["ok", "5000 5000"])
            for mount in mounts { try mount.unmount() }
        }
    }

    @Test("A catalog that turns out to be damaged while it is mounted is built anew, and open directories aren't mixed")
    func damaged() throws {
        let account = try SimulatedAccount(media: nil) { $0.generatedRecordings = 5000 }
        let expected = Self.sids(5000)
        let folder = try TemporaryFolder()
        let cache = try folder.folder("cache")
        let mount = try MountedAccount(account, options: ["--kinds", "voice"], cacheFolder: cache)
        #expect(try Self.listed(mount) == expected)
        let report = try Python.run("damage_while_listed", mount.path, cache).lines
        // A thread of the mount may find the damage before a listing does.
        #expect(
            (0...1).map { ["failures \($0) names 5000 5000", "handle failed 5"] }.contains(report), "\(report)")
        #expect(try Self.listed(mount) == expected)
        #expect(mount.hasLogged("catalog.sqlite.damaged"))
        #expect(mount.log.components(separatedBy: "set aside").count == 2, "\(mount.log)")
        #expect(try Self.inspectCatalog(cache) == ["ok", "5000 5000"])
    }

    @Test("A catalog of a newer version is a clear error")
    func newerCatalog() throws {
        let account = try SimulatedAccount(media: nil)
        let folder = try TemporaryFolder()
        let cache = try folder.folder("cache")
        try MountedAccount(account, cacheFolder: cache).unmount()
        let path = try Python.run("catalog_file", "renew", cache).lines[0]
        let result = try Command.run(
            [
                BuiltPrograms.twiliofs, "mount", "--foreground", "--no-key", "--cache-dir", cache,
                try folder.folder("mount"),
            ], adding: MountedAccount.environment(account))
        #expect(result.end == .exited(16))
        #expect(result.errorText.contains("'\(path)'") && result.errorText.contains("newer"), "\(result.errorText)")
    }

    @Test("Names that can't be recordings aren't there, and nobody is asked for them")
    func nonsense() throws {
        let account = try SimulatedAccount(media: nil) { $0.generatedRecordings = 20 }
        // Without a key there is none to be tried, with media of the account's.
        let mount = try MountedAccount(account, keys: [], options: ["--no-calls"])
        let sid = try #require(try Self.listed(mount).first)
        try Command.shell("ls video-recordings compositions", directory: mount.path)
        account.clearRequests()
        let digits = sid.dropFirst(2)
        let letter = digits.first { $0.isLetter } ?? "a"
        let names =
            [
                "RE", "RE….wav", "RE.wav", "x", "\(sid)", "\(sid).WAV", "\(sid).mp3", "\(sid).wav.wav", "\(sid)..wav",
                "\(sid.dropLast()).wav", "\(sid)0.wav", "RT\(digits).wav", "CJ\(digits).wav", "re\(digits).wav",
                "RE\(digits.replacing("\(letter)", with: "\(letter)".uppercased())).wav",
                "RE\(String(repeating: "g", count: 32)).wav", ".\(sid).wav", " \(sid).wav", "\(sid).wav ", "\u{1}\n\t",
                String(repeating: "é", count: 120), String(repeating: "a", count: 1000),
            ].map { "recordings/\($0)" }
            + [
                "video-recordings/\(sid).wav", "compositions/\(sid).mp4",
                "metadata/recordings/\(sid).wav", "metadata/recordings/RT\(digits).json", "by-call/\(sid)",
                "by-call/CA",
                "by-room/CA\(digits)", "by-date/2026/13", "by-date/2026/02/30", "by-date/26",
            ]
        let found = try Python.run(
            "open_paths", "missing", mount.path, input: Data(names.joined(separator: "\0").utf8)
        ).lines
        #expect(found == [])
        let asked = account.requests.map(\.path)
        #expect(asked == [])
    }

    @Test("A hundred programs that go through a directory at once all see the same")
    func manyFinds() throws {
        let account = try SimulatedAccount(media: nil) { $0.generatedRecordings = 2000 }
        let expected = Self.sids(2000).map { "recordings/\($0).wav" }
        let mount = try MountedAccount(account, options: ["--kinds", "voice"])
        let finds = try (0..<100).map { _ in
            try RunningCommand(["find", "recordings", "-name", "RE*"], directory: mount.path)
        }
        for find in finds {
            let result = try find.wait()
            #expect(result.end == .exited(0), "\(result.errorText)")
            #expect(result.lines.sorted() == expected, "\(result.lines.count)")
        }
    }
}
