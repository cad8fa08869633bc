import Catalog
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("Nodes by their numbers", .orderly)
struct HandleTests {
    /// All entries below a directory, with their paths.
    private static func entries(_ bench: TreeBench, _ path: String = "") throws -> [(
        path: String, entry: DirectoryEntry
    )] {
        let inode = path.isEmpty ? .root : try bench.find(path).inode
        return try bench.list(inode).filter { $0.name != "." && $0.name != ".." }.flatMap { entry in
            let inner = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
            return [(inner, entry)] + (entry.type == .directory ? try entries(bench, inner) : [])
        }
    }

    @Test("After a remount every number leads to its node again, and to the directory above", arguments: [1, 2])
    func everyNode(seed: UInt64) throws {
        let bench = try TreeBench()
        defer { bench.shutDown() }
        _ = try bench.addMany(60, seed: seed)
        let entries = try Self.entries(bench)
        #expect(entries.count > 200)
        let again = try TreeBench(again: bench)
        defer { again.shutDown() }
        let numbers = Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0.entry.inode) })
        for (path, entry) in entries {
            let found = try again.lookUp(".", in: entry.inode).attributes
            #expect(found.inode == entry.inode && found.type == entry.type, "\(path)")
            if let attributes = entry.attributes, attributes.validity > 1 { #expect(found == attributes, "\(path)") }
            let location = again.tree.locator(of: entry.inode)?()
            #expect(location?.path == path)
            let parts = path.split(separator: "/")
            let sid = SID(parts.last?.prefix(34) ?? "")
            #expect(location?.recording == (sid?.kind == nil ? nil : sid), "\(path)")
            let parent = parts.count == 1 ? .root : numbers[parts.dropLast().joined(separator: "/")]
            #expect(try again.lookUp("..", in: entry.inode).attributes.inode == parent, "\(path)")
        }
    }

    @Test("Two recordings whose numbers would be the same are each found by their own")
    func alike() throws {
        let bench = try TreeBench()
        defer { bench.shutDown() }
        let day = "2020-02-29T12:00:00Z"
        let digits = String(repeating: "a", count: 16)
        let recordings = try ["0", "1", "2"].map { last in
            try bench.add(.voiceRecording, digits + String(repeating: last, count: 16), created: day, group: nil)
        }
        let inodes = try recordings.map {
            try bench.lookUp("\($0.sid).wav", in: bench.find("recordings").inode).attributes.inode
        }
        #expect(Set(inodes).count == 3)
        for inode in inodes { #expect(try bench.lookUp(".", in: inode).attributes.inode == inode) }
        // The kernel has forgotten all: the first one's number leads to a recording of these, the others' to nothing.
        for inode in inodes { bench.tree.forget(inode, count: 2) }
        #expect(try bench.lookUp(".", in: inodes[0]).attributes.inode == inodes[0])
        for inode in inodes.dropFirst() {
            let error = #expect(throws: FileTreeError.self) { try bench.lookUp(".", in: inode) }
            #expect(error?.code == .stale)
        }
    }

    @Test(
        "Numbers of nothing are stale, and cost no request",
        arguments: [
            0, 2 << 20, (1 << 20) + 20_210_000, (1 << 20) + 20_201_301, (1 << 20) + 20_200_230, (1 << 27) + 1, 1 << 61,
            5 << 61 | 12345, 1 << 58, 6 << 58 | 3, 0b111_00 << 56 | 1, 0b111_01 << 56 | 1, 0b111_10 << 56 | 1,
            0b111_11 << 56 | 1, .max, .max - 5, 7 << 61,
        ] as [UInt64])
    func nothing(number: UInt64) throws {
        let bench = try TreeBench()
        defer { bench.shutDown() }
        _ = try bench.addMany(5, seed: 3)
        _ = try Self.entries(bench)
        bench.simulator.clearRequests()
        for name in [".", ".."] {
            let error = #expect(throws: FileTreeError.self) {
                try bench.lookUp(name, in: InodeNumber(rawValue: number))
            }
            #expect(error?.code == .stale)
        }
        #expect(bench.simulator.requests.isEmpty)
    }
}
