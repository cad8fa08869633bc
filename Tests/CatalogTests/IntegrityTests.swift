import CatalogTestSupport
import Foundation
import Testing
import TestSupport
import TwilioAPI

@testable import Catalog

@Suite("What the catalog knows of the truth of bytes", .orderly)
struct IntegrityTests {
    private static let facts = StoredMediaFacts.sample(plaintextSize: 5, entityTag: "\"a\"", facts: [1])

    @Test("It is kept over a reopening", arguments: [StoredIntegrity.verified, .failed])
    func reopening(integrity: StoredIntegrity) throws {
        let folder = try CatalogFolder()
        let sid = try Sample.sid(1)
        do {
            let catalog = try folder.catalog()
            try catalog.store(try Sample.sealed(1))
            #expect(try catalog.media.integrity(of: sid) == .unverified)
            try catalog.media.learn(Self.facts, of: sid)
            #expect(try catalog.media.integrity(of: sid) == .unverified)
            try catalog.media.setIntegrity(integrity, of: sid)
        }
        let catalog = try folder.catalog()
        #expect(try catalog.media.integrity(of: sid) == integrity)
        #expect(try catalog.media.facts(of: sid) == Self.facts)
        try catalog.store([try Sample.sealed(1)])
        #expect(try catalog.media.integrity(of: sid) == integrity)
    }

    @Test("It is forgotten with the facts, and when size or entity tag become others, and only then")
    func forgetting() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        try catalog.store(try Sample.sealed(1))
        for (facts, isKept) in [
            (Self.facts, true),
            (StoredMediaFacts.sample(plaintextSize: 5, entityTag: "\"a\"", facts: [2]), true),
            (StoredMediaFacts.sample(plaintextSize: 6, entityTag: "\"a\"", facts: [1]), false),
            (StoredMediaFacts.sample(plaintextSize: 5, entityTag: "\"b\"", facts: [1]), false),
            (StoredMediaFacts.sample(plaintextSize: 5, entityTag: nil, facts: [1]), false),
        ] {
            try catalog.media.learn(Self.facts, of: sid)
            try catalog.media.setIntegrity(.verified, of: sid)
            try catalog.media.learn(facts, of: sid)
            #expect(try catalog.media.integrity(of: sid) == (isKept ? .verified : .unverified), "\(facts)")
        }
        try catalog.media.setIntegrity(.failed, of: sid)
        try catalog.media.forgetFacts(of: sid)
        #expect(try catalog.media.integrity(of: sid) == .unverified)
        // Found out of bytes that are no longer those.
        try catalog.media.setIntegrity(.verified, of: sid)
        #expect(try catalog.media.integrity(of: sid) == .unverified)
    }

    @Test("Video says with its media that it has a tag")
    func video() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1, .composition)
        try catalog.store(try Sample.resource(1, .composition))
        try catalog.media.learn(Self.facts, of: sid)
        #expect(try catalog.media.integrity(of: sid) == StoredIntegrity.none)
        try catalog.media.learn(Self.facts, of: sid, isAuthenticated: true)
        #expect(try catalog.media.integrity(of: sid) == .unverified)
        try catalog.media.setIntegrity(.verified, of: sid)
        try catalog.media.learn(Self.facts, of: sid, isAuthenticated: true)
        #expect(try catalog.media.integrity(of: sid) == .verified)
        #expect(try catalog.media.integrity(of: try Sample.sid(2)) == nil)
    }

    @Test("The counts are those of counting, whatever has happened", arguments: 1...5 as ClosedRange<UInt64>)
    func counts(seed: UInt64) throws {
        let catalog = try CatalogFolder().catalog()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let number = Int.random(in: 1...12, using: &generator)
            let sid = try Sample.sid(number)
            switch Int.random(in: 0...7, using: &generator) {
            case 0: try catalog.store(try Sample.resource(number))
            case 1: try catalog.store(try Sample.sealed(number))
            case 2: try catalog.store(try Sample.resource(number, status: "deleted"))
            case 3:
                let tag = ["\"a\"", "\"b\"", nil].randomElement(using: &generator) ?? nil
                try catalog.media.learn(StoredMediaFacts.sample(plaintextSize: 1, entityTag: tag, facts: []), of: sid)
            case 4: try catalog.media.setIntegrity(.verified, of: sid)
            case 5: try catalog.media.setIntegrity(.failed, of: sid)
            case 6: try catalog.media.forgetFacts(of: sid)
            default:
                try catalog.store([try Sample.sealed(number), try Sample.sealed(20)])
                if number == 1 { try catalog.remove(try Sample.sid(20)) }
            }
            var counted: [StoredIntegrity: Int64] = [:]
            for sid in try catalog.listed() {
                counted[try #require(try catalog.media.integrity(of: sid)), default: 0] += 1
            }
            #expect(try catalog.integrityCounts().filter { $0.value != 0 } == counted)
        }
    }
}
