import CatalogTestSupport
import GRDB
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("Calls and rooms", .orderly)
struct GroupTests {
    private typealias Item = (group: SID, place: Int64)

    /// Has everything of a listing in pieces.
    private static func all<Found>(_ piece: (Int64) throws -> [(Found, Int64)]) rethrows -> [(Found, Int64)] {
        var found: [(Found, Int64)] = []
        while true {
            let items = try piece(found.last?.1 ?? 0)
            guard !items.isEmpty else { return found }
            found += items
        }
    }

    private static func list(
        _ letters: SID.Letters, in catalog: Catalog, after place: Int64, limit: Int
    ) throws -> [Item] {
        switch letters {
        case .conference: try catalog.groups.conferences(after: place, limit: limit)
        case .call: try catalog.groups.callsOrRooms(of: [.voiceRecording], after: place, limit: limit)
        default: try catalog.groups.callsOrRooms(of: MediaKind.ofRooms, after: place, limit: limit)
        }
    }

    /// A recording with a number in a group; those of rooms are of both kinds.
    private static func resource(_ number: Int, status: String, in group: SID) throws -> ListedResource {
        switch group.letters {
        case .conference:
            try Sample.conferenceRecording(number, status: status, seconds: 1_600_000_000, call: number, of: group)
        case .call: try Sample.resource(number, status: status, seconds: 1_600_000_000, of: group)
        default:
            try Sample.resource(
                number, number % 2 == 0 ? .composition : .videoRecording, status: status, seconds: 1_600_000_000,
                of: group)
        }
    }

    private static let letters: [SID.Letters] = [.call, .room, .conference]

    @Test(
        "A group with a shown recording throughout a listing is in it once, whatever becomes of its other recordings",
        arguments: letters, [1, 3])
    func changes(letters: SID.Letters, limit: Int) throws {
        var generator = SeededGenerator(seed: 41)
        let catalog = try CatalogFolder().catalog()
        let groups = (0..<40).map { _ in Sample.group(letters, beginning: generator.next()) }
        /// Stores or removes one of three recordings of each group. Every other group has a fourth, which stays.
        func change() throws {
            for (number, group) in groups.enumerated() {
                let status = try #require(["completed", "processing", "deleted"].randomElement(using: &generator))
                let place = Int.random(in: 0..<3, using: &generator)
                let resource = try Self.resource(number * 4 + place, status: status, in: group)
                try catalog.store(resource)
                if status == "deleted" { try catalog.remove(resource.sid) }
                if number % 2 == 0 {
                    try catalog.store(Self.resource(number * 4 + 3, status: "completed", in: group))
                }
            }
        }
        for _ in 0..<3 { try change() }
        for _ in 0..<10 {
            let found = try Self.all { place in
                try change()
                return try Self.list(letters, in: catalog, after: place, limit: limit)
            }
            let names = found.map(\.0)
            #expect(Set(names).count == names.count, "some are repeated")
            let staying = stride(from: 0, to: groups.count, by: 2).map { groups[$0] }
            #expect(Set(staying).subtracting(names) == [], "some are missing")
            #expect(Set(names).subtracting(groups) == [])
        }
    }

    @Test("Groups whose SIDs begin alike are all listed, however small the pieces", arguments: letters)
    func alike(letters: SID.Letters) throws {
        let catalog = try CatalogFolder().catalog()
        let beginnings: [UInt64] = [0, 1 << 19, 0x5555_5555_5555_0000, 0x5555_5555_5555_0001, .max]
        let groups = beginnings.flatMap { high in
            (0..<(40 as UInt64)).map { Sample.group(letters, beginning: high, $0 << 58 | $0) }
        }
        for (number, group) in groups.shuffled().enumerated() {
            try catalog.store(Self.resource(number, status: "completed", in: group))
        }
        for limit in [1, 7, 39, 40, 41, 1000] {
            let found = try Self.all { try Self.list(letters, in: catalog, after: $0, limit: limit) }
            #expect(found.map(\.0) == groups, "in pieces of \(limit)")
            let places = found.map(\.1)
            #expect(places.first.map { $0 > 0 } == true && zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
        }
        // Each is listed in a piece of its own size at most.
        for limit in 1...5 {
            #expect(try Self.list(letters, in: catalog, after: 0, limit: limit).count == limit)
        }
    }

    @Test("A group has the same place in every database, whatever its recordings are", arguments: letters)
    func places(letters: SID.Letters) throws {
        var generator = SeededGenerator(seed: 42)
        let groups = (0..<100).map { _ in Sample.group(letters, beginning: generator.next()) }
        let listings = try (0..<2).map { round in
            let catalog = try CatalogFolder().catalog()
            for (number, group) in groups.shuffled(using: &generator).enumerated() {
                try catalog.store(Self.resource(number + 1000 * round, status: "completed", in: group))
            }
            return try Self.list(letters, in: catalog, after: 0, limit: 1000)
        }
        #expect(listings[0].map(\.group) == listings[1].map(\.group) && listings[0].count == 100)
        #expect(listings[0].map(\.place) == listings[1].map(\.place))
    }

    @Test("The writing thread creates the index; a query for one group doesn't wait for it, a list of groups does")
    func writer() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(try (0..<3000).map { try Sample.resource($0, seconds: 1_600_000_000, group: $0) })
        let (writer, isHeld, indexed) = (try WriteQueue(), Condition(true), Condition(0))
        defer { writer.shutDown() }
        func hasIndex() throws -> Bool { try catalog.storage.read { try EntryIndex.group.isThere(in: $0) } }
        catalog.groups.createIndex(on: writer)
        writer.run(.urgent) { isHeld.waitUntil { !$0 } }
        let group = try Sample.group(7)
        for _ in 0..<3 {
            #expect(try catalog.groups.oldest(of: group, kinds: [.voiceRecording])?.sid == Sample.sid(7))
            catalog.groups.whenIndexed { result in
                if case .success = result { indexed.change { $0 += 1 } }
            }
        }
        #expect(try !hasIndex() && indexed.changeQuietly { $0 } == 0)
        isHeld.change { $0 = false }
        try wait(until: "the index is made") { indexed.changeQuietly { $0 } == 3 }
        #expect(try hasIndex())
        #expect(try Self.list(.call, in: catalog, after: 0, limit: 5000).count == 3000)
        catalog.groups.whenIndexed { _ in indexed.change { $0 += 1 } }
        #expect(indexed.changeQuietly { $0 } == 4, "at once, since it is there")
    }

    @Test("What an earlier version indexed is indexed anew, and its index may come back")
    func former() throws {
        let folder = try CatalogFolder()
        do {
            let catalog = try folder.catalog()
            try catalog.store(try (0..<500).map { try Sample.resource($0, seconds: 1_600_000_000, group: $0) })
        }
        try folder.checkpoint()
        let undo = "DELETE FROM grdb_migrations WHERE identifier = '\(Schema.orderOfGroups)'"
        try CatalogEdit(sql: "\(GroupIndex.former); \(undo)").apply(to: folder.file)
        let log = RecordedLog()
        for _ in 0..<2 {
            let catalog = try Catalog(folder: folder.path, logger: log.logger)
            #expect(log.lines == [])
            let found = try Self.list(.call, in: catalog, after: 0, limit: 1000)
            #expect(found.count == 500 && catalog.epoch == 0)
            #expect(try catalog.storage.read { try EntryIndex.group.isThere(in: $0) })
            try catalog.checkWhole()
            // A mount of the earlier version that has the catalog open.
            try catalog.storage.write { try $0.database.execute(sql: GroupIndex.former) }
            #expect(try Self.list(.call, in: catalog, after: 0, limit: 1000).count == 500)
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
        var generator = SeededGenerator(seed: 43)
        let groups = (1...10_000).map { _ in Sample.group(.call, beginning: generator.next()) }
        try catalog.store(
            try groups.enumerated().map { try Sample.resource($0 + 1, seconds: 1_600_000_000, of: $1) })
        let clock = ContinuousClock()
        _ = try Self.list(.call, in: catalog, after: 0, limit: 1)
        var calls: [(SID, Int64)] = []
        let duration = try clock.measure {
            calls = try Self.all { try Self.list(.call, in: catalog, after: $0, limit: 10) }
        }
        var recordings: [(SID, Int64)] = []
        let expected = try clock.measure {
            recordings = try Self.all { position in
                try catalog.entries(of: .voiceRecording, after: position, limit: 10).map { ($0.sid, $0.position) }
            }
        }
        #expect(Set(calls.map(\.0)) == Set(groups) && calls.count == recordings.count)
        // Each call is looked up once, which makes it some times slower; sorting what is left for each piece,
        // thousands.
        #expect(duration < expected * 50, "\(duration), and \(expected) for the recordings themselves")
    }
}
