import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("The size that the resource of video tells", .orderly)
struct ToldSizeTests {
    @Test("What isn't encrypted and is shorter can't be opened before it is whole")
    func shorter() throws {
        let bench = try LibraryBench(.unsealed, size: 100_000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        #expect(resource.toldSize == 100_000)
        bench.simulator.faults = [FaultRule(.shorten(toBytes: 40_000, ignoresRange: false), host: .media)]
        let facts = try bench.describe(resource)
        #expect(facts.plaintextSize == 40_000 && facts.completeness == .cut && !facts.isConfirmed)
        let error = #expect(throws: MediaError.self) { try bench.open(resource) }
        #expect(error?.code == .transferFailed)
        #expect(error?.message.contains("shorter than its header or its resource says") == true)
        bench.simulator.faults = []
        // The first who opens it may have been told the other size.
        var reader: MediaReader?
        try wait(until: "it can be opened") {
            reader = try? bench.open(resource)
            return reader != nil
        }
        let opened = try #require(reader)
        #expect(try areSame(bench.readAll(opened), bench.original))
    }

    @Test("What isn't encrypted and is as long, or longer, is read, and so is that of which nothing is told")
    func notShorter() throws {
        for told in [.integer(100_000), .integer(99_999), .integer(1), .null] as [JSONValue] {
            let bench = try LibraryBench(.unsealed, size: 100_000)
            defer { bench.shutDown() }
            try bench.simulator.update("\(try bench.resource().sid)", fields: ["size": told])
            let resource = try bench.resource()
            let facts = try bench.describe(resource)
            #expect(facts.plaintextSize == 100_000 && facts.completeness == .whole && facts.isConfirmed)
            #expect(try areSame(bench.readAll(bench.open(resource, facts: facts)), bench.original))
        }
    }

    @Test("What is encrypted is opened although it is shorter: its padding tells whether it is whole")
    func sealed() throws {
        let bench = try LibraryBench(.track, size: 100_000)
        defer { bench.shutDown() }
        try bench.simulator.update("\(try bench.resource().sid)", fields: ["size": .integer(200_000)])
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        #expect(facts.plaintextSize == 100_000 && facts.completeness == .uncertain && !facts.isConfirmed)
        #expect(try areSame(bench.readAll(bench.open(resource)), bench.original))
    }

    @Test("Damaged padding of an envelope that its key opens is an error, and no size is guessed")
    func damagedPadding() throws {
        let bench = try LibraryBench(
            .composition, size: 10_000,
            behaviour: {
                $0.metadataVersion = .two
                $0.contentAlgorithm = .cbc
                $0.sendsUnencryptedLength = false
            })
        defer { bench.shutDown() }
        let resource = try bench.resource()
        // The last byte before the padding's block decides over the last byte of the padding.
        bench.simulator.faults = [FaultRule(.corrupt(offset: 9_999, mask: 0x80), host: .media)]
        let error = #expect(throws: MediaError.self) { try bench.describe(resource) }
        #expect(error?.code == .integrityFailed)
    }
}
