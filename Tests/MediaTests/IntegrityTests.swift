import Envelope
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("Releasing bytes, and not releasing forged ones", .orderly)
struct IntegrityTests {
    private static func withVoice(
        size: Int, mode: IntegrityMode, memory: Int? = nil, strictLimit: Int64? = nil,
        _ body: (LibraryBench, MediaResource, MediaFacts) throws -> Void
    ) throws {
        let bench = try LibraryBench(
            .voice, size: size,
            settings: {
                $0.integrityMode = mode
                if let memory { $0.memory = memory }
                if let strictLimit { $0.strictLimit = strictLimit }
            })
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        bench.simulator.clearRequests()
        try body(bench, resource, facts)
    }

    private static func bytes(_ bench: LibraryBench) -> Int { bench.mediaRequests.reduce(0) { $0 + $1.bodyBytes } }

    @Test(
        "In strict mode nothing of a forged file is released, wherever the flipped bit is",
        arguments: [
            0, 1, 131_071, 131_072, 700_000, 1_999_999,
        ])
    func strict(offset: Int) throws {
        try Self.withVoice(size: 2_000_000, mode: .strict) { bench, resource, facts in
            bench.simulator.faults = [FaultRule(.corrupt(offset: offset, mask: 1))]
            let reader = try bench.open(resource, facts: facts)
            for place in [0, 1_500_000, 1_999_990] as [Int64] {
                let error = #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: place, count: 10) }
                #expect(error?.code == .authenticationFailed)
            }
            // Fetched once more before it was declared bad, and not again for each read.
            #expect((4_000_000..<4_100_000).contains(Self.bytes(bench)))
            #expect(bench.library.integrity(of: resource.sid) == .failed)
            #expect(bench.observer.hasNoted(.forged(resource.sid)))
            #expect(!bench.observer.events.contains(.verified(resource.sid)))
        }
    }

    @Test(
        "A fault on the way is not held against the file: it is fetched once more",
        arguments: [IntegrityMode.strict, .automatic])
    func transient(mode: IntegrityMode) throws {
        try Self.withVoice(size: 100_000, mode: mode) { bench, resource, facts in
            let reader = try bench.open(resource, facts: facts)
            bench.simulator.faults = [FaultRule(.corrupt(offset: 50_000, mask: 8), count: 1)]
            #expect(try areSame(bench.readAll(reader), bench.original))
            #expect(bench.library.integrity(of: resource.sid) == .verified)
            #expect(bench.observer.events.last == .verified(resource.sid))
            #expect(!bench.observer.events.contains(.doubtful(resource.sid)))
        }
    }

    @Test(
        "In deferred mode whoever reads all of a forged file gets an error, in any order",
        arguments: 1...8 as ClosedRange<UInt64>)
    func deferred(seed: UInt64) throws {
        try Self.withVoice(size: 1_500_000, mode: .deferred) { bench, resource, facts in
            var generator = SeededGenerator(seed: seed)
            let place = Int.random(in: 0..<1_500_000, using: &generator)
            bench.simulator.faults = [FaultRule(.corrupt(offset: place, mask: 1 << UInt8(seed % 8)))]
            let reader = try bench.open(resource, facts: facts)
            let offsets = stride(from: Int64(0), to: 1_500_000, by: 100_000).map(\.self)
            let order = seed == 1 ? offsets : seed == 2 ? offsets.reversed() : offsets.shuffled(using: &generator)
            var failures = 0
            for offset in order {
                do { _ = try LibraryBench.read(reader, at: offset, count: 100_000) } catch { failures += 1 }
            }
            #expect(failures > 0)
            // Nor does anybody afterwards.
            for offset in offsets {
                #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: offset, count: 10) }
            }
            let again = try bench.open(resource, facts: facts)
            #expect(!again.mayKeepPages)
            #expect(throws: MediaError.self) { try LibraryBench.read(again, at: 0, count: 10) }
            #expect(bench.observer.hasNoted(.doubtful(resource.sid)))
            #expect(bench.observer.hasNoted(.forged(resource.sid)))
        }
    }

    @Test("Who got bytes that turned out to be forged fails for good; who opens the file anew gets the true ones")
    func deferredTransient() throws {
        try Self.withVoice(size: 1_000_000, mode: .deferred) { bench, resource, facts in
            let reader = try bench.open(resource, facts: facts)
            bench.simulator.faults = [FaultRule(.corrupt(offset: 10, mask: 2), count: 1)]
            // Released before anything could be known of it.
            #expect(try LibraryBench.read(reader, at: 0, count: 100) != Array(bench.original.prefix(100)))
            #expect(throws: MediaError.self) { try bench.readAll(reader) }
            // Until the second attempt has passed it counts as failed.
            #expect(bench.library.integrity(of: resource.sid) != .unverified)
            #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: 500_000, count: 10) }
            let again = try bench.open(resource, facts: facts)
            #expect(!again.mayKeepPages)
            #expect(try areSame(bench.readAll(again), bench.original))
            #expect(bench.library.integrity(of: resource.sid) == .verified)
            #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: 0, count: 10) }
        }
    }

    @Test("Files up to the limit are strict, larger ones are not")
    func limit() throws {
        try Self.withVoice(size: 4_000_000, mode: .automatic, strictLimit: 4_000_016) { bench, resource, facts in
            _ = try LibraryBench.read(bench.open(resource, facts: facts), at: 2_000_000, count: 10)
            #expect(Self.bytes(bench) == 4_000_000)
            #expect(bench.library.integrity(of: resource.sid) == .verified)
        }
        try Self.withVoice(size: 4_000_000, mode: .automatic, strictLimit: 4_000_015) { bench, resource, facts in
            _ = try LibraryBench.read(bench.open(resource, facts: facts), at: 2_000_000, count: 10)
            #expect(Self.bytes(bench) < 1_000_000)
            #expect(bench.library.integrity(of: resource.sid) == .unverified)
        }
    }

    @Test("What was verified before is not fetched whole again, unless that is asked for; what had failed is")
    func known() throws {
        func fetched(_ mode: IntegrityMode, _ known: Integrity?) throws -> Int {
            var count = 0
            try Self.withVoice(size: 3_000_000, mode: mode) { bench, resource, facts in
                let reader = try bench.open(resource, facts: facts, integrity: known)
                if let known { #expect(bench.library.integrity(of: resource.sid) == known) }
                let bytes = try LibraryBench.read(reader, at: 1_000_000, count: 10)
                #expect(bytes == Array(bench.original[1_000_000..<1_000_010]))
                count = Self.bytes(bench)
            }
            return count
        }
        #expect(try fetched(.automatic, .verified) < 1_000_000)
        #expect(try fetched(.automatic, nil) == 3_000_000)
        #expect(try fetched(.strict, .verified) == 3_000_000)
        #expect(try fetched(.deferred, nil) < 1_000_000)
        #expect(try fetched(.deferred, .failed) == 3_000_000)
    }

    @Test(
        "What a doubt has made unknown isn't released unseen when it is opened again",
        arguments: [IntegrityMode.strict, .automatic])
    func doubted(mode: IntegrityMode) throws {
        try Self.withVoice(size: 1_000_000, mode: mode) { bench, resource, facts in
            // Opened, and not verified.
            _ = try bench.open(resource, facts: facts)
            let file = bench.library.file(of: resource, facts: facts, integrity: nil)
            file.content.doubt(failing: MediaError(.transferFailed, resource.sid, "an answer of another size"))
            bench.simulator.faults = [FaultRule(.corrupt(offset: 900_000, mask: 1))]
            let reader = try bench.open(resource, facts: facts)
            let error = #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: 0, count: 10) }
            #expect(error?.code == .authenticationFailed)
        }
    }

    @Test("Strict mode is strict as well with a file that was verified and let go")
    func verifiedAndLetGo() throws {
        let bench = try LibraryBench(
            .voice, size: 1_000_000,
            settings: {
                $0.integrityMode = .strict
                $0.idleFileLimit = 0
            })
        defer { bench.shutDown() }
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        // The reader goes at once.
        #expect(try areSame(bench.readAll(bench.open(resource, facts: facts)), bench.original))
        bench.simulator.faults = [FaultRule(.corrupt(offset: 900_000, mask: 1))]
        let again = try bench.open(resource, facts: facts)
        let error = #expect(throws: MediaError.self) { try LibraryBench.read(again, at: 0, count: 10) }
        #expect(error?.code == .authenticationFailed)
    }

    @Test("A file that is larger than the memory is verified before it is released all the same")
    func strictBeyondMemory() throws {
        let memory = MediaLibrary.Configuration.leastMemory(threadCount: 2)
        try Self.withVoice(size: 12_000_000, mode: .strict, memory: memory) { bench, resource, facts in
            let reader = try bench.open(resource, facts: facts)
            #expect(try LibraryBench.read(reader, at: 11_999_000, count: 1000) == Array(bench.original.suffix(1000)))
            #expect(bench.library.integrity(of: resource.sid) == .verified)
            #expect(try areSame(bench.readAll(reader), bench.original))
        }
    }

    @Test("When the network fails during verification, the read fails and the next one tries again")
    func interrupted() throws {
        try Self.withVoice(size: 2_000_000, mode: .strict) { bench, resource, facts in
            let reader = try bench.open(resource, facts: facts)
            bench.simulator.faults = [FaultRule(.status(400))]
            let error = #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: 0, count: 10) }
            #expect(error?.code == .transferFailed)
            bench.simulator.faults = []
            // Others of the fetches that failed may be under way still.
            var bytes: [UInt8]?
            for _ in 0..<20 where bytes == nil { bytes = try? bench.readAll(reader) }
            #expect(bytes == bench.original)
            #expect(bench.library.integrity(of: resource.sid) == .verified)
        }
    }

    @Test("Many readers of one file that is being verified all get their bytes")
    func manyReaders() throws {
        try Self.withVoice(size: 5_000_000, mode: .strict) { bench, resource, facts in
            bench.simulator.behaviour.latencyMilliseconds = 20
            let readers = try (0..<16).map { _ in try bench.open(resource, facts: facts) }
            let receivers = readers.enumerated().map { number, reader in
                let receiver = NotingReceiver()
                reader.read(at: Int64(number) * 300_000, count: 1000, receiver: receiver)
                return (number * 300_000, receiver)
            }
            for (offset, receiver) in receivers {
                #expect(try receiver.results.value().get() == Array(bench.original[offset..<(offset + 1000)]))
            }
            #expect(Self.bytes(bench) == 5_000_000)
        }
    }
}
