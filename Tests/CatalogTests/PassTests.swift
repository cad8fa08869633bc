import CatalogTestSupport
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("Passes over a list by several mounts", .orderly)
struct PassTests {
    private static let now: Int64 = 1_790_000_000
    private let first: Catalog
    private let second: Catalog

    init() throws {
        let folder = try CatalogFolder()
        first = try folder.catalog()
        second = try folder.catalog()
    }

    private static let all = Int64.min..<Int64.max

    private func begin(_ catalog: Catalog, _ now: Int64 = now, over times: Range<Int64> = all) throws -> PassStart {
        try catalog.lists.beginPass(
            over: .composition, createdIn: times, now: now, lease: 600, interval: 86_400, epoch: catalog.epoch)
    }

    private func end(_ catalog: Catalog, _ now: Int64 = now, over times: Range<Int64> = all) throws {
        try catalog.lists.endPass(over: .composition, createdIn: times, now: now, epoch: catalog.epoch)
    }

    @Test("One makes it at a time, from its beginning on")
    func lease() throws {
        #expect(try begin(first) == .begun(.none))
        #expect(try begin(second) == .running, "although nothing is covered yet")
        #expect(try begin(second, Self.now + 599) == .running)
        try first.lists.store(
            [], covering: [10..<20], of: .composition, for: .pass, now: Self.now + 300, epoch: first.epoch)
        #expect(try begin(second, Self.now + 899) == .running)
        #expect(try begin(second, Self.now + 900) == .begun(Coverage([10..<20])), "it goes on with an abandoned one")
    }

    @Test("One that had covered everything when it failed starts anew")
    func covered() throws {
        let kind = TwilioAPI.MediaKind.composition
        #expect(try begin(first) == .begun(.none))
        let page = first.prepare([try Sample.resource(1, kind)])
        try first.lists.store(
            [page], covering: [Self.all], of: kind, for: .pass, now: Self.now, epoch: first.epoch)
        try first.lists.abandonPass(over: kind, epoch: first.epoch)
        #expect(try begin(first, Self.now + 60) == .begun(.none))
        #expect(try first.lists.unseen(of: kind, within: Self.all) == [try Sample.sid(1, kind)], "it hasn't seen any")
        try first.lists.store([], covering: [10..<20], of: kind, for: .pass, now: Self.now, epoch: first.epoch)
        try first.lists.abandonPass(over: kind, epoch: first.epoch)
        #expect(try begin(second, Self.now + 70, over: 12..<18) == .begun(.none), "also for a part")
    }

    @Test("One that failed can be retried at once, by any of them")
    func abandoned() throws {
        #expect(try begin(first) == .begun(.none))
        try first.lists.abandonPass(over: .composition, epoch: first.epoch)
        #expect(try begin(first, Self.now + 60) == .begun(.none))
        try first.lists.abandonPass(over: .composition, epoch: first.epoch)
        #expect(try begin(second, Self.now + 61) == .begun(.none))
    }

    @Test("One that is completed counts for all of them, until the next is due")
    func completed() throws {
        #expect(try begin(first) == .begun(.none))
        try end(first)
        #expect(try begin(second, Self.now + 100) == .completed(Self.now))
        #expect(try begin(second, Self.now + 86_399) == .completed(Self.now))
        #expect(try begin(second, Self.now + 86_400) == .begun(.none))
    }

    @Test("One over a part counts for that part alone, and one over everything for each part")
    func part() throws {
        let part = Self.now - 5000..<Int64.max
        #expect(try begin(first, over: part) == .begun(.none))
        try end(first, over: part)
        #expect(try begin(second, Self.now + 100, over: Self.now - 3000..<Self.now) == .completed(Self.now))
        #expect(try begin(second, Self.now + 100, over: Self.now - 6000..<Self.now) == .begun(.none))
        try end(second, Self.now + 100)
        #expect(try begin(first, Self.now + 200, over: part) == .completed(Self.now + 100))
    }

    @Test("The first fetch of a part counts as one over that part alone")
    func fill() throws {
        let part = Self.now - 5000..<Self.now
        try first.lists.noteFill(of: .composition, over: part, begun: Self.now, epoch: first.epoch)
        #expect(try begin(second, Self.now + 100, over: part) == .completed(Self.now))
        #expect(try first.lists.state(of: .composition).refreshed == nil, "it hasn't requested what is newer")
        #expect(try begin(second, Self.now + 100) == .begun(.none))
    }

    @Test("Times that are still to come hinder none")
    func clockSetBack() throws {
        #expect(try begin(first, Self.now + 5000) == .begun(.none))
        #expect(try begin(second) == .begun(.none))
        try end(second, Self.now + 5000)
        #expect(try begin(first) == .begun(.none))
    }
}
