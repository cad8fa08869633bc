import Catalog
import Foundation
import Media
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("Recordings that go")
struct RemovalTests {
    /// The names that the kernel knows of a recording, with the numbers that lookups have given them.
    private static func knownNames(_ bench: TreeBench, _ recording: ModelRecording) throws -> Set<StaleName> {
        let paths = ["metadata/\(recording.directory)/\(recording.sid).json"] + recording.links.keys
        return Set(
            try paths.map { path in
                let parts = path.split(separator: "/")
                return StaleName(
                    directory: try bench.find(parts.dropLast().joined(separator: "/")).inode,
                    name: String(parts.last ?? ""), inode: try bench.find(path).inode)
            })
    }

    @Test("whatever its kind, every name that was looked up is told with its numbers once the account doesn't have it")
    func everyName() throws {
        let bench = try TreeBench()
        defer { bench.shutDown() }
        let told = Awaited<[StaleName]>()
        bench.tree.onRemoval { told.add($0) }
        let day = "2020-02-29T12:00:00Z"
        let room = "RM" + String(repeating: "1", count: 32)
        let recordings = [
            try bench.add(.voiceRecording, "1", created: day, group: "CA" + String(repeating: "1", count: 32)),
            try bench.add(.videoRecording, "2", created: day, group: room),
            try bench.add(.composition, "3", created: day, group: room),
            try bench.add(.composition, "4", created: day, group: nil),
        ]
        for (index, recording) in recordings.enumerated() {
            let known = try Self.knownNames(bench, recording)
            #expect(known.count == (index < 3 ? 3 : 2))
            try bench.simulator.remove(recording.sid)
            bench.synchronizer.recheck(try #require(SID(recording.sid)))
            let names = try told.values(index + 1)[index]
            #expect(names.count == known.count + 1)
            #expect(Set(names).isSuperset(of: known))
            // The media file, which couldn't be looked up without media.
            let file = try #require(Set(names).subtracting(known).first)
            #expect(file.name == "\(recording.sid).\(recording.suffix)")
            #expect(try file.directory == bench.find(recording.directory).inode)
            #expect(file.inode == bench.tree.inode(ofMedia: try #require(SID(recording.sid))))
            for path in recording.links.keys {
                let error = #expect(throws: FileTreeError.self) { try bench.find(path) }
                #expect(error?.code == .notFound)
            }
        }
    }

    @Test("a file whose media turns out to be gone is asked for, and gone from then on")
    func foundOutByReading() throws {
        let bench = try TreeBench(files: ["compositions/f.mp4": Array(repeating: 5, count: 70_000)])
        defer { bench.shutDown() }
        let told = Awaited<[StaleName]>()
        bench.tree.onRemoval { told.add($0) }
        let sid = try bench.sid("f.mp4")
        // Of a recording made just now, the media may come later than the resource.
        try bench.simulator.update(sid, fields: ["date_created": "2020-02-29T12:00:00Z"])
        let path = "compositions/\(sid).mp4"
        let inode = try bench.find(path).inode
        try bench.simulator.delete(sid)
        let error = #expect(throws: FileTreeError.self) {
            let file = try bench.open(inode)
            guard case .media(let reader) = file.content else { return }
            let receiver = NotingReceiver()
            reader.read(at: 0, count: 1000, receiver: receiver)
            do {
                _ = try receiver.results.value().get()
            } catch let error as MediaError {
                throw bench.tree.failure(error, of: file)
            }
        }
        #expect(error?.code == .inputOutput)
        #expect(try told.value().contains { $0.inode == inode && $0.name == "\(sid).mp4" })
        let missing = #expect(throws: FileTreeError.self) { try bench.find(path) }
        #expect(missing?.code == .notFound)
    }
}
