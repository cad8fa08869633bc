import Catalog
import Foundation
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("Readable names in the views", .orderly)
struct ReadableViewTests {
    private static let (first, second) = ("+493012345", "+498976543")

    @Test("A day's listing waits for its calls, and its names are found and keep their links")
    func readable() throws {
        try TreeBench.withCalls(linkNames: .readable) { bench in
            let one = try bench.addCall("1", from: Self.first, to: Self.second)
            let two = try bench.addCall("2", from: nil, to: "sip:a/b@example.com", created: "2020-02-29T23:59:59Z")
            let video = try bench.add(.composition, "3", created: "2020-02-29T05:06:07Z", group: nil)
            let expected = [
                "09-12-33 \(Self.first) → \(Self.second) \(one).wav",
                "23-59-59 anonymous → sip_a_b@example.com \(two).wav",
                "05-06-07 \(video.sid).mp4",
            ]
            let day = "by-date/2020/02/29"
            #expect(try bench.names(day).sorted() == expected.sorted())
            let inode = try bench.find(day).inode
            for (name, path) in zip(expected, ["recordings/\(one).wav", "recordings/\(two).wav", video.path]) {
                let link = try bench.lookUp(name, in: inode)
                #expect(link.attributes.type == .link && link.validity > 1)
                #expect(try bench.target(of: link.attributes.inode) == "../../../../\(path)")
                #expect(bench.tree.locator(of: link.attributes.inode)?().path == "\(day)/\(name)")
            }
            for name in [
                "\(one).wav", "09-12-34 \(Self.first) → \(Self.second) \(one).wav",
                "09-12-33 \(Self.second) → \(Self.first) \(one).wav", "09-12-34 \(one).wav",
                "\(expected[0]) ", " \(expected[0])", "09-12-33 \(Self.first) → \(Self.second) \(two).wav",
                "09-12-33 \(Self.first) → \(Self.second) \(one).mp3",
            ] {
                bench.expectMissing("\(day)/\(name)")
            }
            // Files are named as ever, and the other views have the date too.
            #expect(try bench.names("recordings").sorted() == ["\(one).wav", "\(two).wav"].sorted())
            let call = "CA1" + String(repeating: "0", count: 31)
            #expect(try bench.names("by-call/\(call)") == ["2020-02-29 \(expected[0])"])
            #expect(try bench.names("by-number/\(Self.second)") == ["2020-02-29 \(expected[0])"])
        }
    }

    @Test("A name that nobody has listed is found as well, by asking for its recording and its call")
    func cold() throws {
        try TreeBench.withCalls(linkNames: .readable) { bench in
            let sid = try bench.addCall("1", from: Self.first, to: Self.second)
            let name = "09-12-33 \(Self.first) → \(Self.second) \(sid).wav"
            let day = try bench.find("by-date/2020/02/29").inode
            let entry = try bench.lookUp(name, in: day)
            #expect(entry.attributes.type == .link)
            bench.expectMissing("by-date/2020/02/29/09-12-33 \(Self.first) → \(sid).wav")
        }
    }

    @Test("A name that was listed before its call was known leads to the same link ever after")
    func earlierName() throws {
        try TreeBench.withCalls(linkNames: .readable, calls: false) { bench in
            let sid = try bench.addCall("1", from: Self.first, to: Self.second)
            let (day, name) = ("by-date/2020/02/29", "09-12-33 \(sid).wav")
            #expect(try bench.names(day) == [name])
            let inode = try bench.find("\(day)/\(name)").inode
            let again = try TreeBench(again: bench, calls: true, linkNames: .readable)
            defer { again.shutDown() }
            #expect(try again.names(day) == ["09-12-33 \(Self.first) → \(Self.second) \(sid).wav"])
            let entry = try again.lookUp(name, in: again.find(day).inode)
            #expect(entry.attributes.inode == inode && entry.attributes.type == .link)
            // Listings have another name, so this one is asked for again soon.
            #expect(entry.validity == 1)
        }
    }

    @Test("The names in a conference's directory tell who speaks, however long it goes on")
    func longConference() throws {
        try TreeBench.withCalls(linkNames: .readable) { bench in
            let conference = "CF" + String(repeating: "1", count: 32)
            let sids = try ["2020-02-01", "2020-02-09", "2020-03-20"].enumerated().map { number, day in
                try bench.addCall(
                    "\(number + 1)", from: Self.first, to: Self.second, created: "\(day)T09:12:33Z",
                    conference: conference)
            }
            let parties = "\(Self.first) → \(Self.second)"
            #expect(
                try bench.names("by-conference/\(conference)").sorted() == [
                    "2020-02-01 09-12-33 \(parties) \(sids[0]).wav", "2020-02-09 09-12-33 \(parties) \(sids[1]).wav",
                    "2020-03-20 09-12-33 \(parties) \(sids[2]).wav",
                ])
        }
    }

    @Test("A mount without calls has nothing of those that another mount has fetched", arguments: LinkNames.allCases)
    func othersCalls(linkNames: LinkNames) throws {
        try TreeBench.withCalls(linkNames: linkNames) { bench in
            let sid = try bench.addCall("1", from: Self.first, to: Self.second)
            let entries = try bench.entries().filter { $0.path.hasPrefix("by-number") }
            #expect(entries.count == 5)
            let again = try TreeBench(again: bench, calls: false, linkNames: linkNames)
            defer { again.shutDown() }
            #expect(
                try again.names("by-date/2020/02/29") == [linkNames == .sid ? "\(sid).wav" : "09-12-33 \(sid).wav"])
            let inode = try again.lookUp("\(sid).wav", in: again.find("recordings").inode).attributes.inode
            let attributes = try again.extendedAttributes(of: inode).map(\.name)
            #expect(Set(attributes).isDisjoint(with: ["from", "to", "direction"].map { "user.twilio.\($0)" }))
            for (path, entry) in entries {
                let error = #expect(throws: FileTreeError.self, "\(path)") { try again.lookUp(".", in: entry.inode) }
                #expect(error?.code == .stale, "\(path)")
            }
        }
    }

    @Test("Without calls, and where they are refused, names do without", arguments: [true, false])
    func namesWithoutCalls(isRefused: Bool) throws {
        try TreeBench.withCalls(linkNames: .readable, calls: isRefused) { bench in
            if isRefused { bench.simulator.faults = [.init(.status(403), path: "*/Calls.json")] }
            let sid = try bench.addCall("1", from: Self.first, to: Self.second)
            #expect(try bench.names("by-date/2020/02/29") == ["09-12-33 \(sid).wav"])
            let name = try bench.lookUp("09-12-33 \(sid).wav", in: bench.find("by-date/2020/02/29").inode)
            // It may get another name.
            #expect(name.validity == 1)
        }
    }

    @Test("A day whose calls fail is an error, and no day with other names")
    func failingNames() throws {
        try TreeBench.withCalls(linkNames: .readable) { bench in
            try bench.addCall("1", from: Self.first, to: Self.second)
            bench.simulator.faults = [.init(.status(400), path: "*/Calls.json")]
            let inode = try bench.find("by-date/2020/02/29").inode
            let error = #expect(throws: FileTreeError.self) { try bench.openDirectory(inode) }
            #expect(error?.code == .inputOutput)
        }
    }

    @Test("A recording that comes while a day is listed is in the next listing, with the name that it keeps")
    func arrival() throws {
        try TreeBench.withCalls(linkNames: .readable) { bench in
            let created = "\(Timestamp(seconds: Int64(Date().timeIntervalSince1970) - 30))"
            let (day, time) = (created.prefix(10).replacing("-", with: "/"), created.dropFirst(11).prefix(8))
            func name(_ sid: String) -> String {
                "\(time.replacing(":", with: "-")) \(Self.first) → \(Self.second) \(sid).wav"
            }
            let one = try bench.addCall("1", from: Self.first, to: Self.second, created: created)
            let handle = try bench.openDirectory(bench.find("by-date/\(day)").inode)
            let two = try bench.addCall("2", from: Self.first, to: Self.second, created: created)
            _ = try bench.find("metadata/recordings/\(two).json")
            #expect(try bench.entries(of: handle, after: 0, limit: 100).dropFirst(2).map(\.name) == [name(one)])
            #expect(try bench.names("by-date/\(day)") == [name(one), name(two)])
        }
    }
}
