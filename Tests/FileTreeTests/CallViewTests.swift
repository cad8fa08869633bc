import Catalog
import Foundation
import Support
import Sync
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("Views by telephone number and by conference", .orderly)
struct CallViewTests {
    private static let (first, second) = ("+493012345", "+498976543")

    // MARK: By number

    @Test("Each recording is below the numbers of both sides, whatever they are, and nowhere else")
    func byNumber() throws {
        try TreeBench.withCalls { bench in
            let both = try bench.addCall("1", from: Self.first, to: Self.second)
            let withheld = try bench.addCall("2", from: "anonymous", to: Self.second)
            let neither = try bench.addCall("3", from: "client:a/../..", to: "sip:x@example.com")
            let empty = try bench.addCall("4", from: nil, to: "+266696687")
            let own = try bench.addCall("5", from: Self.first, to: Self.first)
            #expect(
                try bench.links("by-number") == [
                    "by-number/\(Self.first)/\(both).wav": "../../recordings/\(both).wav",
                    "by-number/\(Self.second)/\(both).wav": "../../recordings/\(both).wav",
                    "by-number/\(Self.second)/\(withheld).wav": "../../recordings/\(withheld).wav",
                    "by-number/anonymous/\(withheld).wav": "../../recordings/\(withheld).wav",
                    "by-number/anonymous/\(neither).wav": "../../recordings/\(neither).wav",
                    "by-number/anonymous/\(empty).wav": "../../recordings/\(empty).wav",
                    "by-number/\(Self.first)/\(own).wav": "../../recordings/\(own).wav",
                ])
            #expect(try bench.names("by-number") == ["anonymous", Self.first, Self.second])
            for path in [
                "by-number/+49999", "by-number/493012345", "by-number/..%2f", "by-number/Anonymous",
                "by-number/client:a", "by-number/\(Self.first)/\(withheld).wav", "by-number/anonymous/\(both).wav",
                "by-number/\(Self.first)/\(both).mp3", "by-number/\(Self.first)/x",
            ] {
                bench.expectMissing(path)
            }
            #expect(try bench.find("by-number/\(Self.first)").modified.description == "2020-02-29T09:12:33Z")
        }
    }

    @Test("Each limit gives the same list, with each entry once", arguments: 1...5)
    func limits(limit: Int) throws {
        try TreeBench.withCalls { bench in
            for number in 0..<12 {
                let conference = "CF" + String(repeating: "\(number % 3)", count: 32)
                try bench.addCall(
                    String(number + 1, radix: 16), from: "+4930\(number % 5)", to: number % 4 == 0 ? "" : Self.second,
                    conference: number % 2 == 0 ? conference : nil)
            }
            for path in ["by-number", "by-number/\(Self.second)", "by-number/anonymous", "by-conference"] {
                #expect(try bench.expectSameList(of: path, limit: limit).count > 3, "\(path)")
            }
        }
    }

    @Test("Before the calls are here every number is there, and its attributes wait for them")
    func incomplete() throws {
        try TreeBench.withCalls { bench in
            try bench.addCall("1", from: Self.first, to: Self.second)
            let entry = try bench.lookUp(Self.first, in: bench.lookUp("by-number").attributes.inode)
            #expect(entry.validity == 0)
            #expect(try bench.attributes(entry.attributes.inode).modified.description == "2020-02-29T09:12:33Z")
            #expect(bench.synchronizer.areCallsComplete)
            bench.expectMissing("by-number/+49999")
        }
    }

    @Test("Where calls aren't wanted there are none, and a window has the numbers of its recordings alone")
    func without() throws {
        try TreeBench.withCalls(calls: false) { bench in
            try bench.addCall("1", from: Self.first, to: Self.second)
            #expect(try !bench.names("").contains("by-number"))
            bench.expectMissing("by-number")
            #expect(bench.simulator.requests.allSatisfy { !$0.path.contains("Calls") })
        }
        try TreeBench.withCalls(window: CatalogWindow(kinds: [.composition])) { bench in
            let names = try bench.names("")
            #expect(Set(names).isDisjoint(with: ["by-number", "by-conference"]))
        }
        let window = CatalogWindow(interval: CreationInterval(from: Timestamp("2020-03-01T00:00:00Z")))
        try TreeBench.withCalls(window: window) { bench in
            try bench.addCall("1", from: Self.first, to: Self.second)
            try bench.addCall("2", from: Self.second, to: "+4912", created: "2020-03-01T00:05:00Z")
            #expect(try bench.names("by-number") == ["+4912", Self.second])
            #expect(try bench.names("by-number/\(Self.second)").count == 1)
        }
    }

    @Test("Calls that are refused refuse by-number alone, calls that fail fail it")
    func failing() throws {
        try TreeBench.withCalls { bench in
            let sid = try bench.addCall("1", from: Self.first, to: Self.second)
            bench.simulator.faults = [.init(.status(403), path: "*/Calls.json")]
            let error = #expect(throws: FileTreeError.self) {
                try bench.openDirectory(bench.lookUp("by-number").attributes.inode)
            }
            #expect(error?.code == .refused)
            #expect(try bench.names("recordings") == ["\(sid).wav"])
            #expect(try bench.names("by-date/2020/02/29") == ["\(sid).wav"])
        }
        try TreeBench.withCalls { bench in
            try bench.addCall("1", from: Self.first, to: Self.second)
            bench.simulator.faults = [.init(.status(400), path: "*/Calls.json")]
            let error = #expect(throws: FileTreeError.self) {
                try bench.openDirectory(bench.lookUp("by-number").attributes.inode)
            }
            #expect(error?.code == .inputOutput)
        }
    }

    @Test("Without video there is no view by room, and every view is in the README, the manual and doc/FILES.md")
    func described() throws {
        try TreeBench.withCalls { bench in
            let names = try bench.names("")
            #expect(Set(names).isSuperset(of: ["by-call", "by-conference", "by-date", "by-number", "by-room"]))
            for file in ["README.md", "man/twiliofs.1", "doc/FILES.md"] {
                let text = try String(contentsOf: BuiltPrograms.package.appending(path: file), encoding: .utf8)
                for name in names { #expect(text.contains("\(name)/"), "\(file): \(name)") }
            }
        }
        try TreeBench.withCalls(window: CatalogWindow(kinds: [.voiceRecording])) { bench in
            let names = try bench.names("")
            #expect(!names.contains("by-room"))
        }
    }

    // MARK: By conference

    @Test("Conferences have their recordings, in and after the list")
    func byConference() throws {
        try TreeBench.withCalls(calls: false) { bench in
            let (one, two) = ("CF" + String(repeating: "1", count: 32), "CF" + String(repeating: "2", count: 32))
            let first = try bench.addCall("1", from: nil, to: nil, conference: one)
            let second = try bench.addCall("2", from: nil, to: nil, conference: two)
            let third = try bench.addCall("3", from: nil, to: nil, conference: one)
            let none = try bench.addCall("4", from: nil, to: nil)
            #expect(try bench.find("by-conference/\(two)/\(second).wav").type == .link)
            #expect(
                try bench.links("by-conference").keys.sorted() == [
                    "by-conference/\(one)/\(first).wav", "by-conference/\(one)/\(third).wav",
                    "by-conference/\(two)/\(second).wav",
                ])
            for path in [
                "by-conference/\(one)/\(second).wav", "by-conference/\(two)/\(none).wav",
                "by-conference/CF\(String(repeating: "3", count: 32))",
                "by-conference/CA\(String(repeating: "1", count: 32))",
                "by-call/\(one)",
            ] {
                bench.expectMissing(path)
            }
            #expect(try bench.find("by-conference/\(one)").modified.description == "2020-02-29T09:12:33Z")
        }
    }

    // MARK: Extended attributes

    @Test("A recording's attributes tell who speaks, once that is known")
    func extendedAttributes() throws {
        try TreeBench.withCalls { bench in
            let conference = "CF" + String(repeating: "1", count: 32)
            let sid = try bench.addCall("1", from: Self.first, to: "client:bob", conference: conference)
            let file = try bench.lookUp("\(sid).wav", in: bench.find("recordings").inode).attributes.inode
            let before = try bench.extendedAttributes(of: file)
            #expect(!before.contains { $0.name == "user.twilio.from" })
            // A program that asks for the size of the list now finds room for what becomes known until it lists.
            let room = try bench.roomForAttributeNames(of: file)
            _ = try bench.names("by-number")
            let inode = try bench.lookUp("\(sid).wav", in: bench.find("recordings").inode).attributes.inode
            let after = Dictionary(
                uniqueKeysWithValues: try bench.extendedAttributes(of: inode).map { ($0.name, $0.value) })
            #expect(after.keys.reduce(0) { $0 + $1.utf8.count + 1 } <= room && after.count > before.count)
            #expect(after["user.twilio.from"] == Self.first && after["user.twilio.to"] == "client:bob")
            #expect(after["user.twilio.direction"] == "inbound" && after["user.twilio.source"] == "RecordVerb")
            #expect(after["user.twilio.conference_sid"] == conference)
            #expect(after["user.twilio.start_time"] == "2020-02-29T09:12:33Z")
            let track = try bench.add(.videoRecording, "7", created: "2020-02-29T09:12:33Z", group: nil)
            try bench.simulator.update(
                track.sid,
                fields: [
                    "track_name": "camera",
                    "grouping_sids": ["participant_sid": .string("PA" + String(repeating: "9", count: 32))],
                ])
            let video = try bench.lookUp("\(track.sid).mka", in: bench.find("video-recordings").inode).attributes.inode
            let names = Dictionary(
                uniqueKeysWithValues: try bench.extendedAttributes(of: video).map { ($0.name, $0.value) })
            #expect(names["user.twilio.track_name"] == "camera")
            #expect(names["user.twilio.participant_sid"] == "PA" + String(repeating: "9", count: 32))
            #expect(names["user.twilio.from"] == nil)
        }
    }

    // MARK: Numbers of nodes

    @Test(
        "After a remount every number leads to its node again, and to the directory above",
        arguments: LinkNames.allCases)
    func handles(linkNames: LinkNames) throws {
        try TreeBench.withCalls(linkNames: linkNames) { bench in
            let parties = [Self.first, Self.second, "", "client:x", "+4912"]
            for number in 0..<20 {
                try bench.addCall(
                    String(number + 1, radix: 16), from: parties[number % 5], to: parties[number / 5],
                    conference: number % 3 == 0 ? "CF" + String(repeating: "\(number % 2)", count: 32) : nil)
            }
            let entries = try bench.entries()
            #expect(entries.filter { $0.path.hasPrefix("by-number/") }.count > 30)
            #expect(Set(entries.map(\.entry.inode)).count == entries.count)
            let numbers = Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0.entry.inode) })
            let again = try TreeBench(again: bench, calls: true, linkNames: linkNames)
            defer { again.shutDown() }
            for (path, entry) in entries {
                let found = try again.lookUp(".", in: entry.inode).attributes
                #expect(found.inode == entry.inode && found.type == entry.type, "\(path)")
                #expect(again.tree.locator(of: entry.inode)?().path == path)
                let above = path.split(separator: "/").dropLast().joined(separator: "/")
                let parent = above.isEmpty ? .root : numbers[above]
                #expect(try again.lookUp("..", in: entry.inode).attributes.inode == parent, "\(path)")
            }
        }
    }

    @Test("A recording that goes takes all of its links with it")
    func removal() throws {
        try TreeBench.withCalls { bench in
            let conference = "CF" + String(repeating: "1", count: 32)
            let sid = try bench.addCall("1", from: Self.first, to: Self.second, conference: conference)
            let paths = [
                "by-number/\(Self.first)/\(sid).wav", "by-number/\(Self.second)/\(sid).wav",
                "by-conference/\(conference)/\(sid).wav",
            ]
            _ = try bench.names("by-number")
            let inodes = try paths.map { try bench.find($0).inode }
            try bench.simulator.remove(sid)
            bench.synchronizer.recheck(try #require(SID(sid)))
            #expect(Set(try bench.expired.notices.value()).isSuperset(of: inodes))
            for path in paths { bench.expectMissing(path) }
            #expect(try bench.names("by-number") == [])
            #expect(try bench.names("by-conference") == [])
        }
    }
}
