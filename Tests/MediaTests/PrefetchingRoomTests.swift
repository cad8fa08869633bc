import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media

@Suite("Room for prefetched files", .orderly)
struct PrefetchingRoomTests {
    private static func slots(_ size: Int64) -> Int { Int(size / Int64(Block.size)) + 1 }

    /// The slots reserved for the bench's file after it was prefetched; nil for none.
    private static func reserved(_ bench: LibraryBench, hasFacts: Bool) throws -> Int? {
        let resource = try bench.resource()
        let facts = hasFacts ? try bench.describe(resource) : nil
        #expect(bench.library.prefetch(resource, facts: facts))
        // The reservation is exact once the file is open.
        #expect(eventually { bench.library.statistics.runningDescriptions == 0 })
        return bench.library.state.withLock { $0.prefetched[resource.sid] }
    }

    @Test("All of a file is counted if it is fetched whole, and its beginning if not", arguments: [true, false])
    func room(hasFacts: Bool) throws {
        let size = 3_000_000
        let (beginning, whole) = (Self.slots(1 << 20), Self.slots(Int64(size)))
        for (kind, mode, expected) in [
            (.voice, .strict, whole), (.voice, .automatic, beginning), (.voice, .deferred, beginning),
            (.track, .strict, beginning), (.unsealed, .strict, beginning),
        ] as [(LibraryBench.Kind, IntegrityMode, Int)] {
            let bench = try LibraryBench(
                kind, size: size,
                settings: {
                    $0.integrityMode = mode
                    $0.strictLimit = 1 << 20
                })
            defer { bench.shutDown() }
            _ = try Self.reserved(bench, hasFacts: hasFacts)
            let sid = try bench.resource().sid
            let isExpected = eventually { bench.library.state.withLock { $0.prefetched[sid] } == expected }
            #expect(isExpected, "\(kind), \(mode): \(bench.library.state.withLock { $0.prefetched })")
        }
    }

    @Test("A file that can't be opened leaves its room to others")
    func failure() throws {
        let bench = try LibraryBench(.voice, size: 100_000, ring: KeyPair.other.ring())
        defer { bench.shutDown() }
        _ = try Self.reserved(bench, hasFacts: true)
        #expect(eventually { bench.library.state.withLock { $0.prefetched.isEmpty } })
    }

    @Test(
        "A file that is larger than all of the room is left to its reader, and others are prefetched",
        arguments: [true, false])
    func tooLarge(hasFacts: Bool) throws {
        let bench = try LibraryBench(
            .voice, size: 9_000_000,
            settings: {
                $0.memory = 16 << 20
                $0.integrityMode = .strict
            })
        defer { bench.shutDown() }
        _ = try Self.reserved(bench, hasFacts: hasFacts)
        #expect(eventually { bench.library.state.withLock { $0.prefetched.isEmpty } })
    }
}
