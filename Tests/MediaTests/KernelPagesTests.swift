import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import Media

@Suite("Pages that the kernel may keep of media with a tag", .orderly)
struct KernelPagesTests {
    /// A voice recording and a library that keeps no file without readers, unless told otherwise.
    private struct Voice {
        let bench: LibraryBench
        let resource: MediaResource
        let facts: MediaFacts

        init(_ mode: IntegrityMode, strictLimit: Int64 = 16 << 20, idleFileLimit: Int = 0) throws {
            bench = try LibraryBench(
                .voice, size: 1_000_000,
                settings: {
                    $0.integrityMode = mode
                    $0.strictLimit = strictLimit
                    $0.idleFileLimit = idleFileLimit
                })
            resource = try bench.resource()
            facts = try bench.describe(resource)
        }

        func open(_ integrity: Integrity? = nil) throws -> MediaReader {
            try bench.open(resource, facts: facts, integrity: integrity)
        }

        /// A reader that opens the media at its first read.
        func deferred() -> MediaReader {
            bench.library.deferOpening(of: resource.sid, size: facts.plaintextSize, hasTag: true) {
                bench.library.open(resource, facts: facts, completion: $0)
            }
        }

        func readFirstHalf(_ reader: MediaReader) throws { _ = try LibraryBench.read(reader, at: 0, count: 500_000) }

        func doubt() throws {
            let file = try #require(bench.library.state.withLock { $0.files[resource.sid] })
            file.content.doubt(failing: MediaError(.transferFailed, resource.sid, "an answer of another size"))
        }

        /// Whether a reader may keep what the kernel has, now that the file was let go.
        var isKept: Bool {
            get throws {
                try wait(until: "the file is let go") { bench.library.factsAtHand(resource.sid) == nil }
                return deferred().mayKeepPages
            }
        }
    }

    @Test(
        "After a doubt no pages are kept, since other content accounts for none of them",
        arguments: IntegrityMode.allCases)
    func doubted(mode: IntegrityMode) throws {
        let voice = try Voice(mode, strictLimit: 0, idleFileLimit: 10)
        defer { voice.bench.shutDown() }
        let reader = try voice.open()
        try voice.readFirstHalf(reader)
        #expect(try voice.open().mayKeepPages)
        let early = voice.deferred()
        try voice.doubt()
        #expect(!voice.deferred().mayKeepPages)
        // It was opened before the pages were to go, and its program may have been given some of them.
        let error = #expect(throws: MediaError.self) { try LibraryBench.read(early, at: 500_000, count: 1000) }
        #expect(error?.code == .changed && early.isOutdated)
        let again = try voice.open()
        #expect(!again.mayKeepPages)
        #expect(try areSame(voice.bench.readAll(again), voice.bench.original))
        withExtendedLifetime(reader) {}
    }

    @Test("Pages of a verified file that was let go are kept, until it is opened again and doubted")
    func verified() throws {
        let voice = try Voice(.automatic)
        defer { voice.bench.shutDown() }
        #expect(try areSame(voice.bench.readAll(voice.open()), voice.bench.original))
        #expect(try voice.isKept)
        do {
            let reader = try voice.open()
            #expect(reader.mayKeepPages && voice.deferred().mayKeepPages)
        }
        #expect(try voice.isKept, "nothing was read of it, so its pages are what they were")
        do {
            let reader = try voice.open()
            try voice.readFirstHalf(reader)
            try voice.doubt()
            #expect(try !voice.deferred().mayKeepPages && !voice.open().mayKeepPages)
            withExtendedLifetime(reader) {}
        }
        #expect(try !voice.isKept)
    }

    @Test("What joins verified pages was verified itself, also where a file that was verified needn't be")
    func joining() throws {
        let voice = try Voice(.automatic)
        defer { voice.bench.shutDown() }
        #expect(try areSame(voice.bench.readAll(voice.open()), voice.bench.original))
        #expect(try voice.isKept)
        voice.bench.simulator.faults = [FaultRule(.corrupt(offset: 900_000, mask: 1))]
        // The kernel has the other pages: it never asks for the bytes that would prove the forgery.
        let error = #expect(throws: MediaError.self) {
            try LibraryBench.read(voice.deferred(), at: 899_000, count: 2000)
        }
        #expect(error?.code == .authenticationFailed)
    }

    @Test(
        "Where other bytes could join them unseen, pages aren't kept: of a file beyond the limit, and in deferred mode")
    func large() throws {
        for voice in try [Voice(.automatic, strictLimit: 1000), Voice(.deferred)] {
            defer { voice.bench.shutDown() }
            #expect(try areSame(voice.bench.readAll(voice.open()), voice.bench.original))
            #expect(try !voice.isKept)
        }
    }

    @Test("A verdict of an earlier mount, or on bytes that no reader got, tells nothing about the kernel's pages")
    func otherVerdicts() throws {
        let voice = try Voice(.automatic)
        defer { voice.bench.shutDown() }
        // Released without having been verified by this process.
        try voice.readFirstHalf(voice.open(.verified))
        #expect(try !voice.isKept)
        // Prefetched whole and verified, while the kernel may have pages from before.
        let prefetched = try Voice(.automatic, idleFileLimit: 1)
        defer { prefetched.bench.shutDown() }
        prefetched.bench.library.state.withLock { $0.files = [:] }
        #expect(prefetched.bench.library.prefetch(prefetched.resource, facts: prefetched.facts))
        #expect(prefetched.bench.observer.hasNoted(.verified(prefetched.resource.sid)))
        prefetched.bench.library.abandonPrefetch(of: [prefetched.resource.sid])
        #expect(try !prefetched.isKept)
    }

    @Test("A program that has a file open fails if unverified content of it came and went before its first read")
    func earlyReader() throws {
        let voice = try Voice(.deferred)
        defer { voice.bench.shutDown() }
        let (early, earlyToo) = (voice.deferred(), voice.deferred())
        try voice.readFirstHalf(voice.open())
        #expect(try !voice.isKept)
        for reader in [early, earlyToo] {
            let error = #expect(throws: MediaError.self) { try LibraryBench.read(reader, at: 500_000, count: 1000) }
            #expect(error?.code == .changed)
        }
        // Who opens it now has its pages dropped, and reads what there is.
        #expect(try areSame(voice.bench.readAll(voice.deferred()), voice.bench.original))
    }
}
