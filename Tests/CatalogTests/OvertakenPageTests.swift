import CatalogTestSupport
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("A page that was requested before one of its recordings was requested alone", .orderly)
struct OvertakenPageTests {
    private static let kind = TwilioAPI.MediaKind.composition
    private let folder: CatalogFolder
    private let catalog: Catalog

    init() throws {
        folder = try CatalogFolder()
        catalog = try folder.catalog()
    }

    private func page(status: String = "completed", at time: PageTime) throws -> PreparedResources {
        catalog.prepare(try (1...3).map { try Sample.resource($0, Self.kind, status: status) }, requested: time)
    }

    private func store(_ pages: PreparedResources...) throws {
        try catalog.lists.store(
            pages, covering: [Int64.min..<Int64.max], of: Self.kind, now: 0, epoch: catalog.epoch)
    }

    private func sid(_ number: Int) throws -> SID { try Sample.sid(number, Self.kind) }

    @Test(
        "It doesn't bring back what has gone meanwhile, known or not, whichever mount has found that",
        arguments: [false, true], [false, true])
    func removal(isKnown: Bool, isByOther: Bool) throws {
        if isKnown { try catalog.store([try Sample.resource(2, Self.kind)]) }
        let time = try catalog.lists.pageTime()
        let other = isByOther ? try folder.catalog() : catalog
        try other.remove(try sid(2))
        try store(try page(at: time))
        // Another mount tells only of what was shown.
        let isBack = isByOther && !isKnown
        #expect(try catalog.listed(Self.kind).contains(try sid(2)) == isBack)
        #expect(try catalog.listed(Self.kind).count == (isBack ? 3 : 2))
        // A page that is requested later shows what is there.
        try store(try page(at: try catalog.lists.pageTime()))
        #expect(try catalog.listed(Self.kind).count == 3)
    }

    @Test("It doesn't restore what has changed meanwhile; of two pages each counts by its own time")
    func change() throws {
        let time = try catalog.lists.pageTime()
        try catalog.store(try Sample.resource(2, Self.kind))
        try store(try page(status: "processing", at: time))
        #expect(try catalog.listed(Self.kind) == [try sid(2)])
        let later = try catalog.lists.pageTime()
        try store(try page(status: "processing", at: time), try page(at: later))
        #expect(try catalog.listed(Self.kind).count == 3)
        try store(try page(status: "processing", at: time), try page(status: "processing", at: later))
        #expect(try catalog.listed(Self.kind) == [])
    }

    @Test("Answers are remembered in bounded memory; a page from before all that are remembered can't be stored")
    func bound() throws {
        let answers = SingleAnswers(limit: 10)
        for number in 1...10 { answers.note(try sid(number), Self.kind) }
        #expect(answers.answers(after: 0)?.count == 10)
        for number in 11...20 { answers.note(try sid(number), Self.kind) }
        #expect(answers.answers(after: 0)?.count == 20)
        answers.note(try sid(21), Self.kind)
        #expect(answers.answers(after: 9) == nil)
        #expect(answers.answers(after: 10)?.count == 11)
        #expect(answers.answers(after: 20).map { Set($0.values) } == [21])
        #expect(answers.answers(after: 21) == [:])
        answers.note(try sid(15), Self.kind)
        #expect(answers.answers(after: 21).map { Set($0.values) } == [22])
        // The catalog's own limit is larger.
        let time = try catalog.lists.pageTime()
        try store(try page(at: time))
        #expect(try catalog.listed(Self.kind).count == 3)
    }
}
