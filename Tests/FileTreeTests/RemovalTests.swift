import Catalog
import Foundation
import Media
import ModuleTestSupport
import Support
import Sync
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("Recordings that go", .orderly)
struct RemovalTests {
    /// The numbers that lookups give to the names of a recording.
    private static func knownInodes(_ bench: TreeBench, _ recording: ModelRecording) throws -> Set<InodeNumber> {
        let paths = [recording.path, "metadata/\(recording.directory)/\(recording.sid).json"] + recording.links.keys
        return Set(
            try paths.map { path in
                let parts = path.split(separator: "/")
                let folder = try bench.find(parts.dropLast().joined(separator: "/")).inode
                return try bench.lookUp(String(parts.last ?? ""), in: folder).attributes.inode
            })
    }

    @Test("Whatever its kind, every inode that was looked up is told, and stale, once the account doesn't have it")
    func everyName() throws {
        let bench = try TreeBench()
        defer { bench.shutDown() }
        let day = "2020-02-29T12:00:00Z"
        let room = "RM" + String(repeating: "1", count: 32)
        let recordings = [
            try bench.add(.voiceRecording, "1", created: day, group: "CA" + String(repeating: "1", count: 32)),
            try bench.add(.videoRecording, "2", created: day, group: room),
            try bench.add(.composition, "3", created: day, group: room),
            try bench.add(.composition, "4", created: day, group: nil),
        ]
        for (index, recording) in recordings.enumerated() {
            let known = try Self.knownInodes(bench, recording)
            #expect(known.count == (index < 3 ? 4 : 3))
            try bench.simulator.remove(recording.sid)
            bench.synchronizer.recheck(try #require(SID(recording.sid)))
            #expect(Set(try bench.expired.notices.values(index + 1)[index]).isSuperset(of: known))
            for inode in known {
                let error = #expect(throws: FileTreeError.self) { try bench.attributes(inode) }
                #expect(error?.code == .stale)
            }
            for path in recording.links.keys {
                let error = #expect(throws: FileTreeError.self) { try bench.find(path) }
                #expect(error?.code == .notFound)
            }
        }
    }

    @Test("What is still in the account, but not completed, isn't said to be gone")
    func unfinished() throws {
        let bench = try TreeBench(files: ["compositions/f.mp4": Array(repeating: 5, count: 1000)])
        defer { bench.shutDown() }
        let sid = try #require(SID(try bench.sid("f.mp4")))
        let inode = try bench.find("compositions/\(sid).mp4").inode
        func failure() throws -> FileTreeError? {
            let answers = Awaited<Bool>()
            bench.synchronizer.recheck(sid) { answers.add($0) }
            #expect(try answers.value())
            return #expect(throws: FileTreeError.self) { try bench.open(inode) }
        }
        try bench.simulator.update("\(sid)", fields: ["status": "processing"])
        let unfinished = try failure()
        #expect(unfinished?.code == .stale && unfinished?.message.contains("isn't completed") == true)
        try bench.simulator.remove("\(sid)")
        let gone = try failure()
        #expect(gone?.code == .stale && gone?.message.contains("not in the account any more") == true)
    }

    @Test("A name that Twilio can't be asked for is no fault of the catalog")
    func refusedLookup() throws {
        let bench = try TreeBench()
        defer { bench.shutDown() }
        let folder = try bench.find("compositions").inode
        bench.simulator.faults = [FaultRule(.status(403), host: .api)]
        let name = "CJ\(String(repeating: "7", count: 32)).mp4"
        let error = #expect(throws: FileTreeError.self) { try bench.lookUp(name, in: folder) }
        #expect(error?.code == .inputOutput && error?.message.contains("Twilio") == true)
    }

    @Test("A file whose media turns out to be gone is asked for, and gone from then on")
    func foundOutByReading() throws {
        let bench = try TreeBench(files: ["compositions/f.mp4": Array(repeating: 5, count: 70_000)])
        defer { bench.shutDown() }
        let sid = try bench.sid("f.mp4")
        // Of a recording made just now, the media may come later than the resource.
        try bench.simulator.update(sid, fields: ["date_created": "2020-02-29T12:00:00Z"])
        let path = "compositions/\(sid).mp4"
        let inode = try bench.find(path).inode
        try bench.simulator.delete(sid)
        let error = #expect(throws: FileTreeError.self) {
            let file = try bench.open(inode)
            guard case .media(let reader) = file.content else { return }
            do {
                _ = try reader.read(at: 0, count: 1000)
            } catch let error as MediaError {
                let translated = Awaited<FileTreeError>()
                bench.tree.translate(error, of: file) { translated.add($0) }
                throw try translated.value()
            }
        }
        #expect(error?.code == .stale)
        let expired = try bench.expired.notices.value()
        #expect(expired.count == 4 && expired.contains(inode))
        let missing = #expect(throws: FileTreeError.self) { try bench.find(path) }
        #expect(missing?.code == .notFound)
    }
}
