import CatalogTestSupport
import Testing
import TestSupport
import TwilioAPI

@testable import Catalog

@Suite("What follows a recording in its directory", .orderly)
struct OrderTests {
    @Test("Followers are those of the listing, and of the names", arguments: EntryOrder.allCases, [1, 3, 100])
    func followers(order: EntryOrder, limit: Int) throws {
        let catalog = try CatalogFolder().catalog()
        var generator = SeededGenerator(seed: 3)
        for number in (1...60).shuffled(using: &generator) {
            let kind: TwilioAPI.MediaKind = number % 3 == 0 ? .composition : .voiceRecording
            try catalog.store(try Sample.resource(number, kind, status: number % 7 == 0 ? "deleted" : "completed"))
        }
        for kind in [TwilioAPI.MediaKind.voiceRecording, .composition, .videoRecording] {
            let listed = try catalog.listed(kind)
            let ordered = order == .position ? listed : listed.sorted()
            for (index, sid) in ordered.enumerated() {
                let expected = Array(ordered.dropFirst(index + 1).prefix(limit))
                #expect(try catalog.followers(of: sid, kind: kind, in: order, limit: limit).map(\.sid) == expected)
            }
        }
    }

    @Test("Nothing follows a recording that isn't there in the listing, and by name what does")
    func unknown() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(try Sample.resource(2))
        let missing = try Sample.sid(1)
        #expect(try catalog.followers(of: missing, kind: .voiceRecording, in: .position, limit: 9).isEmpty)
        #expect(
            try catalog.followers(of: missing, kind: .voiceRecording, in: .name, limit: 9).map(\.sid) == [
                try Sample.sid(2)
            ])
    }
}
