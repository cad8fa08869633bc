import Catalog
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

/// Recordings of calls with parties that a test gives.
extension TreeBench {
    /// Adds a voice recording of a call between two parties.
    ///
    /// - Returns: its SID.
    @discardableResult
    func addCall(
        _ digits: String, from: String?, to: String?, created: String = "2020-02-29T09:12:33Z",
        conference: String? = nil
    ) throws -> String {
        let call = "CA" + digits + String(repeating: "0", count: 32 - digits.count)
        let recording = try add(.voiceRecording, digits, created: created, group: call)
        if let conference { try simulator.update(recording.sid, fields: ["conference_sid": .string(conference)]) }
        try simulator.setCall(
            call,
            fields: [
                "from": from.map { .string($0) } ?? .null, "to": to.map { .string($0) } ?? .null,
                "direction": "inbound",
            ])
        return recording.sid
    }

    /// All entries below a directory, with their paths.
    func entries(below path: String = "") throws -> [(path: String, entry: DirectoryEntry)] {
        let inode = path.isEmpty ? .root : try find(path).inode
        return try list(inode).filter { $0.name != "." && $0.name != ".." }.flatMap { entry in
            let inner = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
            return [(inner, entry)] + (entry.type == .directory ? try entries(below: inner) : [])
        }
    }

    /// Runs a test with an account whose recordings' calls the mount fetches.
    static func withCalls(
        linkNames: LinkNames = .sid, window: CatalogWindow = CatalogWindow(), calls: Bool = true,
        _ body: (TreeBench) throws -> Void
    ) throws {
        let bench = try TreeBench(window: window, calls: calls, linkNames: linkNames)
        defer { bench.shutDown() }
        try body(bench)
    }

    func expectMissing(_ path: String) {
        let error = #expect(throws: FileTreeError.self, "\(path)") { try find(path) }
        #expect(error?.code == .notFound, "\(path)")
    }
}
