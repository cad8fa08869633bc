import Catalog
import TestSupport
import Testing
import TwilioAPI

@testable import Prefetching

extension SID {
    /// A voice recording's SID from its numbers.
    static func recording(_ high: UInt64, _ low: UInt64) throws -> SID {
        func digits(_ value: UInt64) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return try #require(SID("RE\(digits(high))\(digits(low))"))
    }
}

/// A directory and a detector of sequences in it, with the files that are prefetched and those that were abandoned.
struct SequenceBench {
    /// The files in each order.
    let files: [EntryOrder: [SID]]
    var detector = SequenceDetector(patience: 16)

    /// Prefetched, and neither accessed nor abandoned.
    private(set) var held: Set<SID> = []
    private(set) var prefetchCount = 0
    private(set) var abandoned: [SID] = []

    /// How many may be held; what is more is refused.
    var room = Int.max

    /// Files with random names, each in two orders that have nothing to do with each other.
    init(count: Int, seed: UInt64 = 1) throws {
        var generator = SeededGenerator(seed: seed)
        let listing = try (0..<count).map { _ in try SID.recording(generator.next(), generator.next()) }
        files = [.position: listing, .name: listing.sorted()]
    }

    func file(_ index: Int, _ order: EntryOrder = .position) -> SID { files[order, default: []][index] }

    func files(_ first: Int, count: Int) -> Set<SID> {
        Set(files[.position, default: []].dropFirst(first).prefix(count))
    }

    mutating func open(_ sid: SID) {
        let step = detector.access(sid)
        #expect(!step.abandon.contains(sid))
        carryOut(step)
        held.remove(sid)
    }

    mutating func finish(_ sid: SID) { carryOut(detector.finish(sid)) }

    mutating func close(_ sid: SID) { carryOut(detector.close(sid)) }

    /// Opens a file, reads it to its end and closes it.
    mutating func read(_ sid: SID) {
        open(sid)
        finish(sid)
        close(sid)
    }

    private mutating func carryOut(_ step: SequenceDetector.Step) {
        var steps = [step]
        while let step = steps.popLast() {
            for sid in step.abandon {
                held.remove(sid)
                abandoned.append(sid)
            }
            for (index, sid) in step.prefetch.enumerated() {
                guard held.count < room else {
                    detector.takeBack(Array(step.prefetch[index...]))
                    break
                }
                #expect(held.insert(sid).inserted, "\(sid) is prefetched again")
                prefetchCount += 1
            }
            for query in step.queries {
                let order = files[query.order, default: []]
                let index = order.firstIndex(of: query.after) ?? order.endIndex
                let followers = Array(order[index...].dropFirst().prefix(query.count))
                steps.append(detector.learn(followers, for: query))
            }
        }
        #expect(held.count <= 8 * ReadingSequence.depths.upperBound)
    }
}
