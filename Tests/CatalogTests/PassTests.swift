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

    private func begin(_ catalog: Catalog, _ now: Int64 = now) throws -> PassStart {
        try catalog.lists.beginPass(over: .composition, now: now, lease: 600, interval: 86_400, epoch: catalog.epoch)
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
        try first.lists.endPass(over: .composition, now: Self.now, epoch: first.epoch)
        #expect(try begin(second, Self.now + 100) == .completed(Self.now))
        #expect(try begin(second, Self.now + 86_399) == .completed(Self.now))
        #expect(try begin(second, Self.now + 86_400) == .begun(.none))
    }

    @Test("Times that are still to come hinder none")
    func clockSetBack() throws {
        #expect(try begin(first, Self.now + 5000) == .begun(.none))
        #expect(try begin(second) == .begun(.none))
        try second.lists.endPass(over: .composition, now: Self.now + 5000, epoch: second.epoch)
        #expect(try begin(first) == .begun(.none))
    }
}
