import CatalogTestSupport
import Testing
import TestSupport
import TwilioAPI

@testable import Catalog

@Suite("Calls and rooms", .orderly)
struct GroupTests {
    /// Has everything of a listing in pieces.
    private static func all(_ piece: (Int64) throws -> [Int64]) rethrows -> [Int64] {
        var found: [Int64] = []
        while true {
            let positions = try piece(found.last ?? 0)
            guard !positions.isEmpty else { return found }
            found += positions
        }
    }

    @Test("A database that replaces a damaged one gets the index of groups as well")
    func replacement() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        func hasIndex() throws -> Bool { try catalog.storage.read { try EntryIndex.group.isThere(in: $0) } }
        try catalog.store(try (0..<3000).map { try Sample.resource($0, seconds: 1_600_000_000, group: $0) })
        let group = try Sample.group(7)
        #expect(try !hasIndex())
        #expect(try catalog.groups.oldest(of: group, kinds: [.voiceRecording])?.sid == Sample.sid(7))
        #expect(try hasIndex())
        try folder.garble()
        #expect(throws: CatalogError.self) { try catalog.listed() }
        #expect(try !hasIndex())
        #expect(try catalog.groups.oldest(of: group, kinds: [.voiceRecording]) == nil)
        #expect(try hasIndex())
    }

    @Test(
        "However small the pieces, listing every recording's call goes over the recordings once",
        arguments: [
            CatalogWindow(), CatalogWindow(interval: CreationInterval(from: Timestamp(seconds: 1_500_000_000))),
        ])
    func pieces(window: CatalogWindow) throws {
        let catalog = try CatalogFolder().catalog(window: window)
        try catalog.store(try (1...10_000).map { try Sample.resource($0, seconds: 1_600_000_000, group: $0) })
        let clock = ContinuousClock()
        _ = try catalog.groups.callsOrRooms(of: [.voiceRecording], after: 0, limit: 1)
        var calls: [Int64] = []
        let duration = try clock.measure {
            calls = try Self.all { position in
                try catalog.groups.callsOrRooms(of: [.voiceRecording], after: position, limit: 10).map(\.position)
            }
        }
        var recordings: [Int64] = []
        let expected = try clock.measure {
            recordings = try Self.all { position in
                try catalog.entries(of: .voiceRecording, after: position, limit: 10).map(\.position)
            }
        }
        #expect(calls == recordings)
        // Each call is looked up once, which makes it some times slower; sorting what is left for each piece,
        // thousands.
        #expect(duration < expected * 50, "\(duration), and \(expected) for the recordings themselves")
    }
}
