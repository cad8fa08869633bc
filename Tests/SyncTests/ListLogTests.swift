import Catalog
import Support
import Testing
import TestSupport

@testable import Sync

@Suite("The log lines about a list", .orderly)
struct ListLogTests {
    private static let refusal = CatalogError(.refusedList, "refused")

    @Test("A failure is told once, another one too, and the recovery")
    func failures() {
        var log = ListLog()
        #expect(log.note(nil, now: 0) == nil)
        for (message, line) in [("a", ListLog.Line.failure), ("a", .repetition), ("b", .failure), ("a", .failure)] {
            #expect(log.note(CatalogError(.incompleteList, message), now: 0) == line)
        }
        #expect(log.note(nil, now: 0) == .recovery)
        #expect(log.note(nil, now: 0) == nil)
    }

    @Test("A refusal is told once an hour, however often it comes")
    func refusals() {
        var log = ListLog()
        let lines = stride(from: Int64(0), to: 3 * 3600, by: 60).map { log.note(Self.refusal, now: 1_000_000 + $0) }
        #expect(lines.enumerated().filter { $0.element == .refusal }.map(\.offset) == [0, 60, 120])
        #expect(lines.allSatisfy { [.refusal, .repetition].contains($0) })
    }

    @Test("The end of a refusal is told, but not that of one that wasn't told")
    func flapping() {
        var log = ListLog()
        #expect(log.note(Self.refusal, now: 0) == .refusal)
        #expect(log.note(nil, now: 60) == .recovery)
        #expect(log.note(Self.refusal, now: 120) == .repetition)
        #expect(log.note(nil, now: 180) == nil)
        #expect(log.note(Self.refusal, now: 3600) == .refusal)
    }
}
