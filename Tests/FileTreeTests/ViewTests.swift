import Catalog
import Foundation
import Support
import Sync
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("Views by date, by call and by room", .orderly)
struct ViewTests {
    private static func withBench(
        window: CatalogWindow = CatalogWindow(), _ body: (TreeBench) throws -> Void
    ) throws {
        let bench = try TreeBench(window: window)
        defer { bench.shutDown() }
        try body(bench)
    }

    private static func expectMissing(_ bench: TreeBench, _ path: String) {
        let error = #expect(throws: FileTreeError.self, "\(path)") { try bench.find(path) }
        #expect(error?.code == .notFound, "\(path)")
    }

    @Test("Each recording has its links, which lead to its file, and there are no others", arguments: [1, 2])
    func everyLink(seed: UInt64) throws {
        try Self.withBench { bench in
            let recordings = try bench.addMany(120, seed: seed)
            let expected = recordings.reduce(into: [:]) { $0.merge($1.links) { $1 } }
            var found: [String: String] = [:]
            for view in ["by-date", "by-call", "by-room"] { found.merge(try bench.links(view)) { $1 } }
            #expect(found == expected)
            for recording in recordings {
                for (path, target) in recording.links {
                    let link = try bench.find(path)
                    #expect(link.type == .link)
                    #expect(link.permissions == 0o777)
                    #expect(link.size == Int64(target.utf8.count))
                    #expect(link.modified == Timestamp(recording.created))
                    #expect(try bench.attributes(link.inode) == link)
                    // Up from the link's own directory and down again is the file.
                    var folder = path.split(separator: "/").dropLast()
                    var rest = target.split(separator: "/")[...]
                    while rest.first == ".." {
                        rest.removeFirst()
                        folder.removeLast()
                    }
                    #expect(folder.isEmpty && rest.joined(separator: "/") == recording.path)
                }
            }
        }
    }

    @Test("Each limit gives the same list, with each entry once", arguments: 1...9)
    func limits(limit: Int) throws {
        try Self.withBench { bench in
            let recordings = try bench.addMany(60, seed: 3)
            let group = try #require(recordings.compactMap(\.group).first { $0.hasPrefix("RM") })
            for path in [
                "by-date", "by-date/2020", "by-date/2020/02", "by-date/2020/02/29", "by-call", "by-room",
                "by-room/\(group)",
            ] {
                let whole = try bench.expectSameList(of: path, limit: limit)
                let parent = path.split(separator: "/").dropLast().joined(separator: "/")
                #expect(whole[1].inode == (parent.isEmpty ? .root : try bench.find(parent).inode))
            }
        }
    }

    @Test("A listing that goes on while others come and go has what was there all the time, once", arguments: 1...4)
    func comingAndGoing(seed: UInt64) throws {
        try Self.withBench { bench in
            var generator = SeededGenerator(seed: seed)
            let day = "2020-02-29"
            let room = "RM" + String(repeating: "5", count: 32)
            func add(_ number: Int) throws -> ModelRecording {
                let kind: TwilioAPI.MediaKind = number % 3 == 0 ? .composition : .videoRecording
                let second = Int.random(in: 10...12, using: &generator)
                return try bench.add(
                    kind, String(0x1000_0000 + number, radix: 16), created: "\(day)T00:00:\(second)Z", group: room)
            }
            var transient = try (0..<30).map { try add($0) }
            let lasting = try (100..<130).map { try add($0) }
            for path in ["by-date/2020/02/29", "by-room/\(room)"] {
                let handle = try bench.openDirectory(bench.find(path).inode)
                var found: [DirectoryEntry] = []
                while true {
                    let entries = try bench.entries(of: handle, after: found.last?.cookie ?? 0, limit: 3)
                    guard !entries.isEmpty else { break }
                    found += entries
                    if let gone = transient.indices.randomElement(using: &generator) {
                        try bench.catalog.remove(try #require(SID(transient.remove(at: gone).sid)))
                    }
                    // A piece may have fewer entries than are added: that has to have an end.
                    guard found.count < 100 else { continue }
                    let new = try add(1000 + Int(generator.next() >> 40))
                    _ = try bench.find("metadata/\(new.directory)/\(new.sid).json")
                }
                let names = found.map(\.name)
                #expect(Set(names).count == names.count)
                #expect(Set(names).isSuperset(of: lasting.map { "\($0.sid).\($0.suffix)" }))
            }
        }
    }

    // MARK: While lists are still to come

    @Test("A day is listed by asking for that day alone")
    func coldDay() throws {
        let bench = try TreeBench(generated: 5000)
        defer { bench.shutDown() }
        bench.simulator.behaviour.pageSizeLimit = 500
        let newest = try #require(Calendar(identifier: .gregorian).date(byAdding: .day, value: -2, to: .now))
        let day = newest.formatted(.iso8601.year().month().day())
        let path = day.replacing("-", with: "/")
        let names = try bench.names("by-date/\(path)")
        #expect(names.count == 1440)
        #expect(!bench.synchronizer.isComplete(.voiceRecording))
        let requests = bench.simulator.requests
        #expect(requests.count < 10)
        let link = "by-date/\(path)/\(names[0])"
        #expect(try bench.target(of: bench.find(link).inode) == "../../../../recordings/\(names[0])")
        #expect(bench.simulator.requests.count == requests.count)
    }

    @Test("Before the lists are here every plausible date is there, then those that have recordings")
    func plausibleDates() throws {
        try Self.withBench { bench in
            let recording = try bench.add(.composition, "a", created: "2020-02-29T23:59:59Z", group: nil)
            let formatter = { (days: Double) in
                Date(timeIntervalSinceNow: days * 86_400).formatted(.iso8601.year().month().day())
                    .replacing("-", with: "/")
            }
            let plausible = ["2008", "2008/01/01", "2015/07/30", "2020/02/29", formatter(0), formatter(1)]
            let impossible = [
                "2007", "2007/12/31", "1999", "3000", formatter(2), "2026/2", "2026/02/30", "2026/02/29", "2026/13",
                "2026/00", "26", "02026", "+026", "2020/02/29/\(recording.sid).mp3", "2020/02/29/\(recording.sid)",
                "2020/02/28/\(recording.sid).mp4", "2020/02/29/RE\(recording.sid.dropFirst(2)).wav", "x", "2020/x",
            ]
            bench.simulator.clearRequests()
            for date in plausible { #expect(try bench.find("by-date/\(date)").type == .directory) }
            #expect(bench.simulator.requests.isEmpty)
            for path in impossible { Self.expectMissing(bench, "by-date/\(path)") }
            #expect(try bench.names("by-date") == ["2020"])
            for date in plausible where date != "2020/02/29" { Self.expectMissing(bench, "by-date/\(date)") }
            for path in impossible { Self.expectMissing(bench, "by-date/\(path)") }
            for length in [4, 7, 10] {
                let date = recording.created.prefix(length).replacing("-", with: "/")
                #expect(try bench.find("by-date/\(date)").type == .directory)
            }
        }
    }

    @Test("A link is found by asking for its recording alone, in its own day, call and room only")
    func singleLinks() throws {
        try Self.withBench { bench in
            let (call, room) = ("CA" + String(repeating: "1", count: 32), "RM" + String(repeating: "1", count: 32))
            let other = "CA" + String(repeating: "2", count: 32)
            let voice = try bench.add(.voiceRecording, "1", created: "2020-02-29T00:00:00Z", group: call)
            let video = try bench.add(.videoRecording, "2", created: "2020-02-29T00:00:00Z", group: room)
            let link = "by-date/2020/02/29/\(voice.sid).wav"
            #expect(try bench.find(link).type == .link)
            #expect(bench.simulator.requests.map(\.path).filter { $0.hasSuffix("Recordings.json") } == [])
            // What the catalog has makes its call known before the list is.
            #expect(try bench.find("by-call/\(call)/\(voice.sid).wav").type == .link)
            #expect(bench.simulator.requests.map(\.path).filter { $0.hasSuffix("Recordings.json") } == [])
            Self.expectMissing(bench, "by-call/\(other)")
            #expect(bench.synchronizer.isComplete(.voiceRecording))
            #expect(!bench.synchronizer.isComplete(.composition))
            #expect(try bench.find("by-room/\(room)/\(video.sid).mka").type == .link)
            for path in [
                "by-call/\(call)/\(video.sid).mka", "by-room/\(room)/\(voice.sid).wav", "by-call/\(room)",
                "by-room/\(call)", "by-call/x", "by-call/\(call).wav", "by-call/\(call)/\(voice.sid).mp3",
            ] {
                Self.expectMissing(bench, path)
            }
            let second = try bench.add(.voiceRecording, "3", created: "2020-02-29T00:00:00Z", group: other)
            Self.expectMissing(bench, "by-call/\(call)/\(second.sid).wav")
            #expect(try bench.find("by-call/\(other)/\(second.sid).wav").type == .link)
        }
    }

    @Test("A view whose list can't be had is an error and no shorter directory")
    func failingList() throws {
        try Self.withBench { bench in
            let room = "RM" + String(repeating: "1", count: 32)
            try bench.add(.videoRecording, "2", created: "2020-02-29T00:00:00Z", group: room)
            for (path, count) in [("by-date", 1), ("by-date/2020/02/29", 1), ("by-room", 1)] {
                bench.simulator.faults = [.init(.status(400), path: "/v1/Compositions", count: count)]
                let inode = try bench.find(path).inode
                let error = #expect(throws: FileTreeError.self, "\(path)") { try bench.openDirectory(inode) }
                #expect(error?.code == .inputOutput)
            }
            bench.simulator.faults = [.init(.status(400), path: "/v1/Compositions", count: 1)]
            let other = "RM" + String(repeating: "2", count: 32)
            let error = #expect(throws: FileTreeError.self) { try bench.find("by-room/\(other)") }
            #expect(error?.code == .inputOutput)
            bench.simulator.faults = []
            Self.expectMissing(bench, "by-room/\(other)")
            #expect(try bench.names("by-room") == [room])
        }
    }

    // MARK: What is shown

    @Test("A mount that shows some kinds has the directories of those alone")
    func kinds() throws {
        let expected: [(Set<TwilioAPI.MediaKind>, [String])] = [
            ([.voiceRecording], ["recordings", "metadata", "by-date", "by-call", "by-conference", ".twiliofs"]),
            ([.composition], ["compositions", "metadata", "by-date", "by-room", ".twiliofs"]),
            (
                [.voiceRecording, .videoRecording],
                [
                    "recordings", "video-recordings", "metadata", "by-date", "by-call", "by-room", "by-conference",
                    ".twiliofs",
                ]
            ),
        ]
        for (kinds, names) in expected {
            try Self.withBench(window: CatalogWindow(kinds: kinds)) { bench in
                let recordings = try bench.addMany(30, seed: 4)
                #expect(try bench.names("") == names)
                let media = names.filter { $0.hasSuffix("recordings") || $0 == "compositions" }
                #expect(try bench.names("metadata") == media)
                for name in ["recordings", "video-recordings", "compositions"] where !media.contains(name) {
                    Self.expectMissing(bench, name)
                    Self.expectMissing(bench, "metadata/\(name)")
                }
                for name in ["by-call", "by-room"] where !names.contains(name) { Self.expectMissing(bench, name) }
                let shown = recordings.filter { media.contains($0.directory) }
                let dates = try bench.links("by-date")
                #expect(Set(dates.values) == Set(shown.map { "../../../../\($0.path)" }))
                bench.simulator.clearRequests()
                for hidden in recordings where !media.contains(hidden.directory) {
                    for link in hidden.links.keys where !link.hasPrefix("by-room") && !link.hasPrefix("by-call") {
                        Self.expectMissing(bench, link)
                    }
                }
                #expect(bench.simulator.requests.filter { $0.path.contains("json") == false }.isEmpty)
            }
        }
    }

    @Test("A mount that shows some days has those alone, before and after the lists are here")
    func days() throws {
        let window = CatalogWindow(
            interval: CreationInterval(
                from: Timestamp("2020-01-01T00:00:00Z"), until: Timestamp("2020-03-01T00:00:00Z")))
        try Self.withBench(window: window) { bench in
            let recordings = try bench.addMany(60, seed: 5)
            for date in ["2019", "2019/12/31", "2020/03", "2024/02/28"] { Self.expectMissing(bench, "by-date/\(date)") }
            for date in ["2020", "2020/01/01", "2020/02/29"] {
                #expect(try bench.find("by-date/\(date)").type == .directory)
            }
            let shown = recordings.filter { $0.created.hasPrefix("2020-01") || $0.created.hasPrefix("2020-02") }
            #expect(!shown.isEmpty && shown.count < recordings.count)
            var found: [String: String] = [:]
            for view in ["by-date", "by-call", "by-room"] { found.merge(try bench.links(view)) { $1 } }
            #expect(found == shown.reduce(into: [:]) { $0.merge($1.links) { $1 } })
            for date in ["2019", "2024"] { Self.expectMissing(bench, "by-date/\(date)") }
            for hidden in recordings where !shown.contains(hidden) { Self.expectMissing(bench, hidden.path) }
        }
    }

    // MARK: Times, and what isn't a link

    @Test(
        "Dates are as old as their beginning, calls and rooms as their oldest recording, however they came to be known")
    func times() throws {
        try Self.withBench { bench in
            let call = "CA" + String(repeating: "1", count: 32)
            try bench.add(.voiceRecording, "3", created: "2020-02-29T07:00:00Z", group: call)
            try bench.add(.voiceRecording, "1", created: "2020-02-29T05:00:00Z", group: call)
            try bench.add(.voiceRecording, "2", created: "2020-02-29T06:00:00Z", group: call)
            func time(_ path: String) throws -> String { try bench.find(path).modified.description }
            for sid in ["3", "2", "1"] {
                let name = "RE" + sid + String(repeating: "0", count: 31)
                _ = try bench.find("metadata/recordings/\(name).json")
            }
            #expect(try time("by-call/\(call)") == "2020-02-29T05:00:00Z")
            _ = try bench.list(bench.find("by-date").inode)
            #expect(try time("by-call/\(call)") == "2020-02-29T05:00:00Z")
            #expect(try time("by-call") == "2020-02-29T07:00:00Z")
            #expect(try time("by-date") == "2020-02-29T07:00:00Z")
            #expect(try time("by-date/2020") == "2020-01-01T00:00:00Z")
            #expect(try time("by-date/2020/02") == "2020-02-01T00:00:00Z")
            #expect(try time("by-date/2020/02/29") == "2020-02-29T00:00:00Z")
            #expect(try time("by-room") == "1970-01-01T00:00:00Z")
        }
    }

    @Test("Only links have targets, and links can't be opened")
    func wrongTypes() throws {
        try Self.withBench { bench in
            let recording = try bench.add(.composition, "a", created: "2020-02-29T00:00:00Z", group: nil)
            let file = try bench.find("metadata/compositions/\(recording.sid).json").inode
            for inode in [.root, file] {
                let error = #expect(throws: FileTreeError.self) { try bench.target(of: inode) }
                #expect(error?.code == .invalid)
            }
            let link = try bench.find("by-date/2020/02/29/\(recording.sid).mp4").inode
            let error = #expect(throws: FileTreeError.self) { try bench.open(link) }
            #expect(error?.code == .invalid)
            #expect(try bench.extendedAttributes(of: link).isEmpty)
        }
    }
}
