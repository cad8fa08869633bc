import Testing
import TwilioAPI

@testable import Catalog

@Suite("Passes over a list")
struct PassTests {
    private static let kind = MediaKind.voiceRecording

    private static func resources(_ numbers: [Int]) throws -> [MediaResource] {
        try numbers.map { try Sample.resource($0) }
    }

    private static func sids(_ numbers: [Int]) throws -> [SID] { try numbers.map { try Sample.sid($0) } }

    @Test("a pass that met the whole list removes what it hasn't met, and what was learnt of it")
    func wholePass() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(try Self.resources([1, 2, 3]), generation: try catalog.beginPass(over: Self.kind))
        for sid in try Self.sids([1, 2, 3]) {
            try catalog.learn(StoredMediaFacts(plaintextSize: 1, facts: []), of: sid)
        }
        let generation = try catalog.beginPass(over: Self.kind)
        try catalog.store(try Self.resources([1, 3]), generation: generation)
        try catalog.endPass(over: Self.kind, generation: generation)
        #expect(try catalog.listed() == Self.sids([1, 3]))
        #expect(try catalog.mediaFacts(of: try Sample.sid(2)) == nil)
        #expect(try catalog.mediaFacts(of: try Sample.sid(3)) != nil)
    }

    @Test("a pass that fails removes nothing")
    func failedPass() throws {
        let catalog = try CatalogFolder().catalog()
        let first = try catalog.beginPass(over: Self.kind)
        try catalog.store(try Self.resources([1, 2, 3]), generation: first)
        try catalog.endPass(over: Self.kind, generation: first)
        try catalog.store(try Self.resources([3]), generation: try catalog.beginPass(over: Self.kind))
        #expect(try catalog.listed() == Self.sids([1, 2, 3]))
        // The next pass isn't misled by it.
        let third = try catalog.beginPass(over: Self.kind)
        try catalog.store(try Self.resources([1, 2]), generation: third)
        try catalog.endPass(over: Self.kind, generation: third)
        #expect(try catalog.listed() == Self.sids([1, 2]))
    }

    @Test("a pass over one list leaves the other lists alone")
    func otherKinds() throws {
        let catalog = try CatalogFolder().catalog()
        for kind in MediaKind.allCases { try catalog.store(try Sample.resource(1, kind)) }
        try catalog.endPass(over: .composition, generation: try catalog.beginPass(over: .composition))
        #expect(try catalog.listed(.composition).isEmpty)
        #expect(try catalog.listed(.voiceRecording).count == 1)
        #expect(try catalog.listed(.videoRecording).count == 1)
    }

    @Test("a resource that is stored alone during a pass survives its end")
    func storedAlone() throws {
        let catalog = try CatalogFolder().catalog()
        try catalog.store(try Self.resources([1]), generation: try catalog.beginPass(over: Self.kind))
        let generation = try catalog.beginPass(over: Self.kind)
        try catalog.store(try Self.resources([1]), generation: generation)
        try catalog.store(try Sample.resource(2))
        try catalog.endPass(over: Self.kind, generation: generation)
        #expect(try catalog.listed() == Self.sids([1, 2]))
        // The pass after that, which doesn't meet it, removes it.
        let next = try catalog.beginPass(over: Self.kind)
        try catalog.store(try Self.resources([1]), generation: next)
        try catalog.endPass(over: Self.kind, generation: next)
        #expect(try catalog.listed() == Self.sids([1]))
    }

    @Test("the passes of two mounts don't remove what the other has met", arguments: [true, false])
    func interleaved(firstEndsFirst: Bool) throws {
        let folder = try CatalogFolder()
        let (one, two) = (try folder.catalog(), try folder.catalog())
        try one.store(try Sample.resource(9))
        let first = try one.beginPass(over: Self.kind)
        try one.store(try Self.resources([1]), generation: first)
        let second = try two.beginPass(over: Self.kind)
        #expect(second > first)
        try two.store(try Self.resources([1, 2]), generation: second)
        // The first mount's pass comes to a page that the second one has stored, with an older generation.
        try one.store(try Self.resources([2, 3]), generation: first)
        try two.store(try Self.resources([3]), generation: second)
        if firstEndsFirst {
            try one.endPass(over: Self.kind, generation: first)
            #expect(Set(try one.listed()) == Set(try Self.sids([1, 2, 3])))
            try two.endPass(over: Self.kind, generation: second)
        } else {
            try two.endPass(over: Self.kind, generation: second)
            try one.endPass(over: Self.kind, generation: first)
        }
        #expect(Set(try two.listed()) == Set(try Self.sids([1, 2, 3])))
    }

    @Test("generations only ever grow, over reopenings too")
    func generations() throws {
        let folder = try CatalogFolder()
        var last: Int64 = 0
        for _ in 0..<5 {
            let generation = try folder.catalog().beginPass(over: Self.kind)
            #expect(generation > last)
            last = generation
        }
    }
}
