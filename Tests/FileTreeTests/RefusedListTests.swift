import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import Catalog
@testable import FileTree
@testable import TwilioAPI

@Suite("Directories of refused lists", .orderly)
struct RefusedListTests {
    private typealias Kind = TwilioAPI.MediaKind

    /// An account with a recording of each kind on the same day, whose video recordings are refused.
    private static func bench(_ kinds: Set<TwilioAPI.MediaKind> = Set(TwilioAPI.MediaKind.allCases)) throws -> TreeBench
    {
        let bench = try TreeBench(window: CatalogWindow(kinds: kinds))
        for kind in Kind.allCases {
            let letters = kind == .voiceRecording ? "CA" : "RM"
            try bench.add(
                kind, "\(kind.rawValue)", created: "2024-02-28T12:00:00Z",
                group: letters + String(repeating: "1", count: 32))
        }
        bench.simulator.keys = [
            try SimulatedKey(
                sid: bench.simulator.credentials.accountSID, kinds: [.recording, .composition], status: 403)
        ]
        return bench
    }

    private static func code(_ body: () throws -> Void) -> FileTreeError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? FileTreeError)?.code
        }
    }

    @Test("They can't be opened, nor can those that would lack their recordings; all others can")
    func directories() throws {
        let bench = try Self.bench()
        defer { bench.shutDown() }
        let (room, call) = ("by-room/RM\(String(repeating: "1", count: 32))", "CA\(String(repeating: "1", count: 32))")
        #expect(Self.code { _ = try bench.names("video-recordings") } == .refused)
        for path in [
            "metadata/video-recordings", "by-date", "by-date/2024", "by-date/2024/02", "by-date/2024/02/28", "by-room",
            room,
        ] {
            #expect(Self.code { _ = try bench.names(path) } == .refused, "\(path)")
        }
        for (path, count) in [("recordings", 1), ("metadata/recordings", 1), ("by-call", 1), ("by-call/\(call)", 1)] {
            #expect(try bench.names(path).count == count, "\(path)")
        }
        #expect(try bench.names("compositions").count == 1)
        #expect(try bench.names("").contains("video-recordings"))
        #expect(try bench.names("metadata").contains("video-recordings"))
        #expect(bench.simulator.requests.count { $0.path.hasPrefix("/v1/Recordings") } == 1)
    }

    @Test("Views of the kinds that are whole are whole, where only these are shown")
    func wholeKinds() throws {
        let bench = try Self.bench([.voiceRecording, .composition])
        defer { bench.shutDown() }
        #expect(try bench.names("by-date/2024/02/28").count == 2)
        #expect(try bench.names("by-room/RM\(String(repeating: "1", count: 32))").count == 1)
        #expect(bench.simulator.requests.allSatisfy { !$0.path.hasPrefix("/v1/Recordings") })
    }

    @Test("Recordings that are known are found by name; others are asked for no more")
    func names() throws {
        let bench = try Self.bench()
        defer { bench.shutDown() }
        let known = try #require(SID("RT1" + String(repeating: "0", count: 31)))
        try bench.catalog.store(try Self.resource(known))
        #expect(Self.code { _ = try bench.names("video-recordings") } == .refused)
        bench.simulator.clearRequests()
        #expect(try bench.lookUp("\(known).mka", in: bench.find("video-recordings").inode).attributes.type == .regular)
        #expect(try bench.find("metadata/video-recordings/\(known).json").size > 0)
        for number in 0..<20 {
            let name = "RT\(String(repeating: "9", count: 30))\(number + 10).mka"
            let directory = try bench.find("video-recordings").inode
            #expect(Self.code { _ = try bench.lookUp(name, in: directory) } == .refused)
        }
        #expect(bench.simulator.requests.isEmpty)
    }

    private static func resource(_ sid: SID) throws -> ListedResource {
        try ListedResource(
            kind: .videoRecording,
            json: Array(
                #"{"sid":"\#(sid)","status":"completed","type":"audio","date_created":"2024-02-28T12:00:00Z"}"#.utf8))
    }

    @Test("A directory that was opened before can be read to its end, but not from its beginning again")
    func opened() throws {
        let bench = try Self.bench()
        defer { bench.shutDown() }
        let refused = bench.simulator.keys
        bench.simulator.keys = []
        // While the lists are incomplete, a day is fetched alone.
        let handle = try bench.openDirectory(bench.find("by-date/2024/02/28").inode)
        let begun = try bench.entries(of: handle, after: 0, limit: 3)
        bench.simulator.keys = refused
        #expect(Self.code { _ = try bench.names("video-recordings") } == .refused)
        #expect(try bench.entries(of: handle, after: try #require(begun.last).cookie, limit: 10).count == 2)
        #expect(Self.code { _ = try bench.entries(of: handle, after: 0, limit: 10) } == .refused)
    }
}
