import CatalogTestSupport
import Foundation
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("Recordings by telephone number in the catalog", .orderly)
struct NumberGroupTests {
    private static let time: Int64 = 1_700_000_000

    /// Random recordings of random calls, and what the listings have to be.
    private static func fill(_ catalog: Catalog, seed: UInt64) throws -> [NumberGroup: [SID]] {
        var generator = SeededGenerator(seed: seed)
        var expected: [NumberGroup: [SID]] = [:]
        let numbers = Sample.parties + ["+4912", "+4913", "+4914"]
        let calls = try (0..<40).map { number in
            try Sample.call(
                number, from: numbers[Int.random(in: 0..<numbers.count, using: &generator)],
                to: numbers[Int.random(in: 0..<numbers.count, using: &generator)], seconds: time + Int64(number))
        }
        for number in 0..<120 {
            let call = calls[Int.random(in: 0..<calls.count, using: &generator)]
            let status = number % 11 == 0 ? "processing" : "completed"
            let group = try #require(Int(call.sid.description.suffix(8), radix: 16))
            try catalog.store([
                try Sample.resource(number, status: status, seconds: time + Int64(number), group: group)
            ])
            guard status == "completed" else { continue }
            for party in Set([NumberGroup(call.from), NumberGroup(call.to)]) {
                expected[party, default: []].append(try Sample.sid(number))
            }
        }
        try catalog.store(calls)
        return expected
    }

    private static func groups(_ catalog: Catalog, limit: Int) throws -> [NumberGroup] {
        var found: [NumberGroup] = []
        while true {
            let next = try catalog.groups.numbers(
                after: found.last.map { $0.storedNumber + 1 } ?? 0, limit: limit)
            if next.isEmpty { return found }
            #expect(next.count <= limit)
            found += next
        }
    }

    private static func sids(_ catalog: Catalog, _ group: NumberGroup, limit: Int) throws -> [SID] {
        var (found, position) = ([SID](), Int64(0))
        while true {
            let next = try catalog.groups.entries(of: group, after: position, limit: limit)
            guard let last = next.last else { return found }
            found += next.map(\.sid)
            position = last.position
        }
    }

    @Test("Each number has its recordings, whichever side it is on, in pieces of any size", arguments: 1...4)
    func byNumber(seed: UInt64) throws {
        let catalog = try CatalogFolder().catalog()
        let expected = try Self.fill(catalog, seed: seed)
        for limit in [1, 2, 7, 1000] {
            #expect(
                try Self.groups(catalog, limit: limit)
                    == expected.keys.sorted { $0.storedNumber < $1.storedNumber }, "\(limit)")
            for (group, sids) in expected {
                #expect(try Self.sids(catalog, group, limit: limit) == sids, "\(group.name), \(limit)")
            }
        }
        for group in expected.keys { #expect(try catalog.groups.oldest(of: group) != nil) }
        #expect(try catalog.groups.oldest(of: try #require(NumberGroup(named: "+4999"))) == nil)
    }

    @Test("A window and hidden recordings leave out numbers without others")
    func window() throws {
        let folder = try CatalogFolder()
        let catalog = try folder.catalog()
        try catalog.store([
            try Sample.resource(1, seconds: Self.time, group: 1),
            try Sample.resource(2, seconds: Self.time + 9, group: 2),
        ])
        try catalog.store([
            try Sample.call(1, from: "+4911", to: "+4912", seconds: Self.time),
            try Sample.call(2, from: "+4912", to: "+4913", seconds: Self.time),
        ])
        let narrow = try folder.catalog(
            window: CatalogWindow(interval: CreationInterval(from: Timestamp(seconds: Self.time + 5))))
        #expect(try Self.groups(narrow, limit: 10).map(\.name) == ["+4912", "+4913"])
        let shared = try #require(NumberGroup(named: "+4912"))
        #expect(try Self.sids(narrow, shared, limit: 10) == [try Sample.sid(2)])
        #expect(try Self.sids(catalog, shared, limit: 10).count == 2)
        let json = """
            {"sid":"\(try Sample.sid(3))","status":"completed","call_sid":"\(try Sample.group(3))",
             "date_created":"\(Timestamp(seconds: Self.time))","encryption_details":{"type":"rsa-aes",
             "public_key_sid":"CR00000000000000000000000000000000","encrypted_cek":"AA==","iv":"AA=="}}
            """
        try catalog.store([try ListedResource(kind: .voiceRecording, json: Array(json.utf8))])
        try catalog.store([try Sample.call(3, from: "+4914", to: "+4912", seconds: Self.time)])
        #expect(try Self.groups(catalog, limit: 10).map(\.name) == ["+4911", "+4912", "+4913", "+4914"])
        let requirement = try #require(try catalog.requirements.all().keys.first)
        catalog.requirements.hide([.voiceRecording: [requirement]], epoch: catalog.epoch)
        #expect(try Self.groups(catalog, limit: 10).map(\.name) == ["+4911", "+4912", "+4913"])
        #expect(try Self.sids(catalog, shared, limit: 10).count == 2)
        #expect(try catalog.groups.oldest(of: try #require(NumberGroup(named: "+4914"))) == nil)
    }

    @Test("A number of a thousand calls and more is listed in order, in pieces")
    func many() throws {
        let catalog = try CatalogFolder().catalog()
        let count = 1500
        try catalog.store(try (0..<count).map { try Sample.resource($0, seconds: Self.time, group: $0) })
        try catalog.store(
            try (0..<count).map { try Sample.call($0, from: "+49111", to: "+4922\($0)", seconds: Self.time) })
        let group = try #require(NumberGroup(named: "+49111"))
        #expect(try Self.sids(catalog, group, limit: 100) == (0..<count).map { try Sample.sid($0) })
        let other = try #require(NumberGroup(named: "+49221499"))
        #expect(try Self.sids(catalog, other, limit: 100) == [try Sample.sid(1499)])
    }

    @Test("A number's calls outside of a window don't slow down a mount that doesn't show them")
    func outsideOfWindow() throws {
        let folder = try CatalogFolder()
        let (count, later) = (5000, Self.time + 30 * 86_400)
        let wide = try folder.catalog()
        try wide.store(try (0..<count).map { try Sample.resource($0, seconds: Self.time, group: $0) })
        try wide.store([try Sample.resource(count, seconds: later, group: count)])
        try wide.store(
            try (0...count).map {
                try Sample.call($0, from: "+49111", to: "+4922\($0)", seconds: $0 < count ? Self.time : later - 90_000)
            })
        let group = try #require(NumberGroup(named: "+49111"))
        let narrow = try folder.catalog(
            window: CatalogWindow(interval: CreationInterval(from: Timestamp(seconds: later))))
        func time(_ catalog: Catalog, _ number: Int) throws -> Duration {
            #expect(try catalog.groups.oldest(of: group)?.sid == Sample.sid(number))
            return try ContinuousClock().measure { for _ in 0..<100 { _ = try catalog.groups.oldest(of: group) } }
        }
        let expected = try time(wide, 0)
        let duration = try time(narrow, count)
        #expect(duration < expected * 20, "\(duration), and \(expected) without a window")
        #expect(try Self.groups(narrow, limit: 10).map(\.name) == ["+49111", "+4922\(count)"])
    }
}
