import Foundation
import Logging
import ModuleTestSupport
import Support
import Synchronization
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

/// A library of media with its blocks, its pool and its gates, between readers and a network and a disk cache that do
/// what they like.
///
/// The library has no threads: work that it queues is an event, and so is all that the network brings.
final class MediaWorld: SeededWorld {
    /// A read, and what has come of it.
    final class Read: ReadReceiver, @unchecked Sendable {
        // Safe although unchecked: the world has one thread.
        let range: Range<Int>
        let wanted: ArraySlice<UInt8>
        var endCount = 0
        var isRight = false
        var error: MediaError?

        init(_ range: Range<Int>, of plaintext: [UInt8]) {
            let end = min(range.upperBound, plaintext.count)
            self.range = min(range.lowerBound, end)..<end
            wanted = plaintext[self.range]
        }

        func readDidFinish(_ plaintext: RawSpan) {
            endCount += 1
            isRight = plaintext.withUnsafeBytes { bytes in
                wanted.withUnsafeBytes {
                    bytes.count == $0.count
                        && (bytes.isEmpty || memcmp(bytes.baseAddress!, $0.baseAddress!, $0.count) == 0)
                }
            }
        }

        func readDidFail(_ error: MediaError) {
            endCount += 1
            self.error = error
        }
    }

    /// A program that has a file open.
    final class Program {
        let file: Int
        var reader: MediaReader?
        var place = 0
        var waiting: [Read] = []
        /// What was read, and whether some of it is wrong.
        var covered = IndexSet()
        var isWrong = false
        /// Whether all of it has to succeed, since nothing goes wrong any more.
        var isLast = false

        init(_ file: Int, _ reader: MediaReader) { (self.file, self.reader) = (file, reader) }
    }

    /// What an opening comes to.
    final class Opening: @unchecked Sendable {
        // Safe although unchecked: the world has one thread.
        let file: Int
        let isLast: Bool
        var results: [Result<MediaReader, MediaError>] = []
        init(_ file: Int, isLast: Bool) { (self.file, self.isLast) = (file, isLast) }
    }

    var generator: SeededGenerator
    let network: FakeNetwork
    let cache: FakeCache?
    let media: [CapturedMedia]
    let library: MediaLibrary
    let observer = NotingObserver()
    let clock = Locked(ContinuousClock.now)
    let mode: IntegrityMode
    /// Whether nothing ever goes wrong: then each read and each opening has to succeed.
    let isClean: Bool
    var programs: [Program] = []
    var openings: [Opening] = []
    var problems: [String] = []
    var isHealthy = false
    /// The last reading of each file in a healthy world, and the attempts at it.
    var finished: Set<Int> = []
    var attempts: [Int: Int] = [:]
    var lastErrors: [Int: MediaError] = [:]

    private static let client = Result { try TestClient(url: "http://127.0.0.1:9") }
    private static let folder = Result { try TemporaryFolder() }
    private static let ring = Result { try KeyPair.shared.ring() }

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let all = try CapturedMedia.all.get()
        media = Array(all.shuffled(using: &generator).prefix(Int.random(in: 1...3, using: &generator)))
        isClean = seed % 4 == 0
        network = FakeNetwork(media)
        for index in media.indices where Int.random(in: 0..<4, using: &generator) == 0 {
            network.files[index].ignoresRanges = true
        }
        cache = Bool.random(using: &generator) ? FakeCache() : nil
        mode = [.strict, .deferred, .automatic].randomElement(using: &generator) ?? .strict
        var settings = MediaConfiguration(spoolFolder: try Self.folder.get().url.path, threadCount: 1)
        settings.memory = MediaConfiguration.leastMemory(threadCount: 1)
        settings.integrityMode = mode
        settings.strictLimit = 400_000
        settings.idleFileLimit = Int.random(in: 0...2, using: &generator)
        settings.startWorkers = { _, _ in WorkerPool() }
        settings.watchesDisk = false
        settings.now = { [clock] in clock.withLock(\.self) }
        library = try MediaLibrary(
            clients: TwilioClients(main: Self.client.get().client), transfer: network, keys: Self.ring.get(),
            diskCache: cache, configuration: settings, observer: observer, logger: .silent)
        self.generator = generator
    }

    // MARK: Programs

    func open(_ file: Int, isLast: Bool = false) {
        let opening = Opening(file, isLast: isLast)
        openings.append(opening)
        library.open(media[file].resource, facts: nil) { opening.results.append($0) }
        takeOpenings()
    }

    /// Takes what openings have come to.
    func takeOpenings() {
        for opening in openings where !opening.results.isEmpty {
            if opening.results.count > 1 { problems.append("an opening ends twice") }
            switch opening.results[0] {
            case .success(let reader):
                let program = Program(opening.file, reader)
                program.isLast = opening.isLast
                programs.append(program)
                if opening.isLast { readAll(program) }
            case .failure(let error):
                lastErrors[opening.file] = error
                if isClean { problems.append("an opening fails without a cause: \(error)") }
            }
        }
        openings.removeAll { !$0.results.isEmpty }
    }

    func read(_ program: Program, _ range: Range<Int>) {
        guard let reader = program.reader else { return }
        let read = Read(range, of: media[program.file].plaintext)
        program.waiting.append(read)
        reader.read(at: Int64(range.lowerBound), count: range.count, receiver: read)
        takeReads()
    }

    private func readAll(_ program: Program) {
        for start in stride(from: 0, to: media[program.file].plaintext.count, by: 1 << 20) {
            read(program, start..<(start + (1 << 20)))
        }
    }

    /// Takes what reads have come to.
    func takeReads() {
        for program in programs {
            let size = media[program.file].plaintext.count
            for read in program.waiting where read.endCount > 0 {
                if read.endCount > 1 { problems.append("the read \(read.range) ends \(read.endCount) times") }
                if let error = read.error {
                    lastErrors[program.file] = error
                    // Who has closed the file waits for nothing.
                    if isClean, program.reader != nil {
                        problems.append("the read \(read.range) fails without a cause: \(error)")
                    }
                    continue
                }
                if !read.isRight {
                    program.isWrong = true
                    if !media[program.file].hasTag || mode == .strict {
                        problems.append("wrong bytes at \(read.range)")
                    }
                }
                program.covered.insert(integersIn: read.range)
            }
            program.waiting.removeAll { $0.endCount > 0 }
            if program.isWrong, program.covered.count == size {
                problems.append("a program has read all of a forged file")
            }
            if program.isLast, program.covered.count == size, !program.isWrong { finished.insert(program.file) }
        }
    }

    func close(_ program: Program) {
        // Reads may still wait: their reader goes all the same, as at the end of a program.
        program.reader = nil
    }

    // MARK: Invariants

    func faults() -> [String] {
        takeOpenings()
        takeReads()
        programs.removeAll { $0.reader == nil && $0.waiting.isEmpty }
        let memory = library.services.memory
        var faults = problems + network.problems
        if memory.freeCount < 0 || memory.freeCount > memory.slotCount {
            faults.append("\(memory.freeCount) free slots")
        }
        let openCount = library.services.openFiles.load(ordering: .relaxed)
        if openCount < 0 { faults.append("\(openCount) open files") }
        return faults
    }

    func becomeHealthy() {
        isHealthy = true
        network.becomeHealthy()
        cache?.isBroken = false
    }

    func faultsAtRest() -> [String] {
        var faults = faults()
        for program in programs where !program.waiting.isEmpty {
            faults.append("\(program.waiting.count) reads of file \(program.file) wait for ever")
        }
        if !openings.isEmpty { faults.append("\(openings.count) openings wait for ever") }
        for file in media.indices where !finished.contains(file) {
            faults.append("file \(file) can't be read any more: \(lastErrors[file].map { "\($0)" } ?? "no error")")
        }
        programs = []
        let memory = library.services.memory
        library.services.reclaimMemory(memory.slotCount, isUrgent: true)
        if memory.freeCount != memory.slotCount {
            faults.append("\(memory.slotCount - memory.freeCount) slots are lost")
        }
        let openCount = library.services.openFiles.load(ordering: .relaxed)
        if openCount != 0 { faults.append("\(openCount) files count as open") }
        return faults
    }
}
