import Envelope
import Foundation
import ModuleTestSupport
import Support
import Synchronization
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("Private keys that are replaced while media is used", .orderly)
struct KeyReplacementTests {
    private static let sealed = LibraryBench.Kind.allCases.filter(\.isSealed)

    private func open(_ bench: LibraryBench, _ resource: MediaResource) throws -> Result<MediaReader, MediaError> {
        let results = Awaited<Result<MediaReader, MediaError>>()
        bench.library.open(resource, facts: nil) { results.add($0) }
        return try results.value()
    }

    @Test("What failed for lack of a key opens with the new one, at its exact size", arguments: sealed)
    func opening(kind: LibraryBench.Kind) throws {
        let bench = try LibraryBench(
            kind, size: 100_001, ring: KeyPair.other.ring(),
            behaviour: {
                $0.sendsUnencryptedLength = false
            })
        defer { bench.shutDown() }
        let resource = try bench.resource()
        #expect(try open(bench, resource).failure?.code == .keyNotHeld)
        bench.library.replaceKeys(by: try KeyPair.shared.ring())
        let facts = try bench.describe(resource)
        #expect(facts.plaintextSize == 100_001 && facts.isPlaintextSizeExact)
        let reader = try open(bench, resource).get()
        #expect(try areSame(bench.readAll(reader), bench.original))
    }

    @Test("An open file goes on with its content key when the private key is taken away, and no other opens")
    func running() throws {
        let bench = try LibraryBench(.voice, size: 3_000_000, generated: 3)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let reader = try open(bench, resource).get()
        #expect(try areSame(reader.read(at: 0, count: 1000), bench.original[..<1000]))
        let others = try bench.voiceResources().filter { $0.sid != resource.sid }
        // One whose content key is known, and one whose content is at hand.
        _ = try bench.describe(others[0])
        _ = try open(bench, others[1]).get()
        #expect(eventually { bench.library.services.openFiles.load(ordering: .relaxed) == 1 })
        bench.library.replaceKeys(by: try KeyPair.other.ring())
        #expect(try areSame(bench.readAll(reader), bench.original))
        for other in others {
            #expect(bench.library.openAtHand(other.sid) == nil)
            #expect(try open(bench, other).failure?.code == .keyNotHeld)
        }
        #expect(others.count >= 3)
    }

    @Test("A key that is missing is looked for once before a file counts as unreadable", arguments: [true, false])
    func search(isThere: Bool) throws {
        let bench = try LibraryBench(.track, size: 1000, ring: KeyPair.other.ring())
        defer { bench.shutDown() }
        let searches = Locked(0)
        let ring = try KeyPair.shared.ring()
        bench.library.lookForMissingKeys { [weak library = bench.library] completion in
            searches.withLock { $0 += 1 }
            if isThere { library?.replaceKeys(by: ring) }
            completion(isThere)
        }
        let result = try open(bench, bench.resource())
        #expect(isThere ? result.failure == nil : result.failure?.code == .keyNotHeld)
        #expect(searches.withLock { $0 } == 1)
    }

    @Test("A finding about former keys isn't kept for the new ones")
    func generations() throws {
        let bench = try LibraryBench(.voice, size: 1000)
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let sid = try #require(resource.publicKeySID)
        _ = try open(bench, resource).get()
        let held = bench.library.services.keys
        #expect(held.isHeld(sid, for: .voice) == true)
        let former = held.now
        bench.library.replaceKeys(by: try KeyPair.other.ring())
        #expect(held.isHeld(sid, for: .voice) == nil, "it isn't proven")
        let envelope = try #require(try MediaFacts.envelope(of: resource, fields: [:]))
        let key = try former.ring.unwrap(envelope) { _ in true }
        held.note(key, of: envelope, proving: ProvenKey(publicKeySID: sid, use: .voice), by: former)
        #expect(held.isHeld(sid, for: .voice) == nil)
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
