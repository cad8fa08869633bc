import Catalog
import Foundation
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("A catalog that is lost while the tree is used", .orderly)
struct LostCatalogTests {
    /// Lists one directory again and again, and returns each answer that is neither whole nor an input/output error.
    ///
    /// Ends when the catalog is no longer lost and the directory has been listed since.
    private static func faults(_ bench: TreeBench, _ path: String, count: Int, until isOver: Locked<Bool>) -> [String] {
        var faults: [String] = []
        var latest: (any Error)?
        /// Lists it once; returns whether that succeeded.
        func list() -> Bool {
            do {
                let names = try bench.list(bench.find(path).inode, limit: 100).map(\.name)
                if names.count != count || Set(names).count != count { faults.append("\(path): \(names.count) names") }
                return true
            } catch let error as FileTreeError where error.code == .inputOutput {
                latest = error
                return false
            } catch {
                faults.append("\(path): \(error)")
                return false
            }
        }
        while !isOver.withLock({ $0 }) { _ = list() }
        if !eventually(list) { faults.append("\(path) is never listed: \(latest.map { "\($0)" } ?? "")") }
        return faults
    }

    @Test("Each directory is listed whole, or is an error that isn't its absence")
    func whole() throws {
        let bench = try TreeBench(generated: 250)
        defer { bench.shutDown() }
        let day = try #require(
            try bench.list(bench.find("by-date").inode).map(\.name).max().flatMap { year in
                try bench.list(bench.find("by-date/\(year)").inode).map(\.name).filter { $0 != "." && $0 != ".." }
                    .min().map { "by-date/\(year)/\($0)" }
            })
        let counts = try ["recordings", "metadata/recordings", day].map { path in
            (path, try bench.list(bench.find(path).inode).count)
        }
        let isOver = Locked(false)
        let faults = Locked<[String]>([])
        let threads = try counts.map { path, count in
            try NamedThread(name: "lister") {
                let found = Self.faults(bench, path, count: count, until: isOver)
                faults.withLock { $0 += found }
            }
        }
        for _ in 0..<40 {
            usleep(20_000)
            // Somebody may be making it at this moment.
            try? bench.loseCatalog()
        }
        isOver.withLock { $0 = true }
        for thread in threads { thread.join() }
        #expect(faults.withLock { $0 } == [])
    }

    private static func code(_ body: () throws -> Void) -> FileTreeError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? FileTreeError)?.code
        }
    }

    private static let content = [UInt8](repeating: 7, count: 3000)

    /// An account with a recording for each question, whose answers a program knows already, and its paths.
    private static func known() throws -> (bench: TreeBench, inodes: [String: InodeNumber], file: OpenFile) {
        let names = ["stat", "open", "link", "resource", "names", "number", "held", "unread"]
        let bench = try TreeBench(
            files: Dictionary(uniqueKeysWithValues: names.map { ("recordings/\($0).wav", content) }))
        var inodes: [String: InodeNumber] = [:]
        for name in names {
            let sid = try #require(SID(try bench.sid("\(name).wav")))
            inodes[name] = try bench.find("recordings/\(sid).wav").inode
            try wait(until: "the size is stored") { try bench.catalog.entry(of: sid)?.plaintextSize != nil }
        }
        inodes["resource"] = try bench.find("metadata/recordings/\(bench.sid("resource.wav")).json").inode
        let link = try #require(SID(try bench.sid("link.wav")))
        let entry = try #require(try bench.catalog.entry(of: link))
        let day = DateSpan(dayOf: try #require(entry.dateCreated))
        let year = "\(day.first.year)"
        let path = "by-date/\(year)/\(try #require(day.parent).name)/\(day.name)/\(link).wav"
        inodes["link"] = try bench.find(path).inode
        let file = try bench.open(#require(inodes["held"]))
        #expect(try bench.read(file, count: 3000) == content)
        return (bench, inodes, file)
    }

    @Test("What a program knows is asked for when the catalog is lost, and is there again")
    func recovered() throws {
        let (bench, inodes, _) = try Self.known()
        defer { bench.shutDown() }
        func inode(_ name: String) throws -> InodeNumber { try #require(inodes[name]) }
        let target = "\(try bench.sid("link.wav")).wav"
        try bench.loseCatalog()
        #expect(try bench.attributes(inode("stat")).size == 3000)
        #expect(try bench.read(bench.open(inode("open")), count: 3000) == Self.content)
        #expect(try bench.target(of: inode("link")).hasSuffix(target))
        #expect(try bench.extendedAttributes(of: inode("names")).contains { $0.name == "user.twilio.sid" })
        #expect(try bench.lookUp(".", in: inode("number")).attributes.inode == inode("number"))
        guard case .bytes(let json) = try bench.open(inode("resource")).content else {
            Issue.record("a resource isn't in memory")
            return
        }
        #expect(try bench.attributes(inode("resource")).size == Int64(json.count))
    }

    @Test("While Twilio can't be asked for it either, it is an input/output error and not gone, and open files go on")
    func unreachable() throws {
        let (bench, inodes, file) = try Self.known()
        defer { bench.shutDown() }
        func inode(_ name: String) throws -> InodeNumber { try #require(inodes[name]) }
        let held = try inode("held")
        let before = try bench.attributes(held, openedAs: file)
        let unread = try bench.open(inode("unread"))
        let unreadBefore = try bench.attributes(inode("unread"), openedAs: unread)
        #expect(before.size == 3000 && before.modified != Attributes.unknownTime && unreadBefore.size == 3000)
        bench.simulator.faults = [.init(.status(400), path: "*.json"), .init(.status(400), path: "/v1/*")]
        try bench.loseCatalog()
        for name in ["stat", "link", "resource", "names", "number"] {
            let inode = try inode(name)
            #expect(Self.code { _ = try bench.attributes(inode) } == .inputOutput, "\(name)")
            #expect(Self.code { _ = try bench.lookUp(".", in: inode) } == .inputOutput, "\(name)")
        }
        #expect(Self.code { _ = try bench.target(of: inode("link")) } == .inputOutput)
        #expect(Self.code { _ = try bench.extendedAttributes(of: inode("names")) } == .inputOutput)
        #expect(Self.code { _ = try bench.open(inode("resource")) } == .inputOutput)
        // A number that the kernel has forgotten may be that of a recording.
        let other = InodeNumber(rawValue: held.rawValue ^ 1)
        #expect(Self.code { _ = try bench.lookUp(".", in: other) } == .inputOutput)
        for (file, inode, before) in [(file, held, before), (unread, try inode("unread"), unreadBefore)] {
            let after = try bench.attributes(inode, openedAs: file)
            #expect(after.size == before.size && after.modified == before.modified && after.inode == inode)
            #expect(after.revision == before.revision)
        }
        #expect(try bench.read(file, count: 3000) == Self.content)
        // Twilio alone says what is gone.
        bench.simulator.faults = []
        try bench.simulator.remove(bench.sid("stat.wav"))
        #expect(Self.code { _ = try bench.attributes(inode("stat")) } == .stale)
    }

    @Test("A listing that hasn't told anything of it, or whose places mean the same in every database, goes on")
    func listings() throws {
        let bench = try TreeBench(generated: 250)
        defer { bench.shutDown() }
        for path in ["recordings", "metadata/recordings", "by-call", "by-date", "by-call"] {
            let inode = try bench.find(path).inode
            let whole = try bench.list(inode).map(\.name)
            #expect(whole.count > 2)
            let places = path == "by-call" ? [0, 1, 2, 3, 100] : path == "by-date" ? [0, 2, 3] : [0, 1, 2]
            for told in places where told < whole.count {
                let handle = try bench.openDirectory(inode)
                var found: [DirectoryEntry] = []
                while found.count < told {
                    found += try bench.entries(
                        of: handle, after: found.last?.cookie ?? 0, limit: min(20, told - found.count))
                }
                try bench.loseCatalog()
                while true {
                    let next = try bench.entries(of: handle, after: found.last?.cookie ?? 0, limit: 60)
                    if next.isEmpty { break }
                    found += next
                }
                // The order of recordings may be another, and none is missing or repeated.
                let names = found.map(\.name)
                #expect(names.count == whole.count && Set(names) == Set(whole), "\(path) from \(told) on")
            }
        }
    }

    @Test("A listing that has told positions of a lost database is an error, until it begins again")
    func positions() throws {
        let bench = try TreeBench(generated: 250)
        defer { bench.shutDown() }
        let inode = try bench.find("recordings").inode
        let handle = try bench.openDirectory(inode)
        let begun = try bench.entries(of: handle, after: 0, limit: 100)
        let cookie = try #require(begun.last).cookie
        try bench.loseCatalog()
        for _ in 0..<2 {
            #expect(Self.code { _ = try bench.entries(of: handle, after: cookie, limit: 100) } == .inputOutput)
        }
        #expect(try bench.entries(of: handle, after: 0, limit: 1000).count == 252)
    }
}
