import Catalog
import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

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

/// A directory, and the machine that watches programs in it; keeps what was begun, and what was let go.
struct WalkBench {
    /// The files in each order.
    let files: [EntryOrder: [SID]]
    var walks = DirectoryWalks(patience: 16)

    /// Begun, and neither visited nor let go.
    private(set) var held: Set<SID> = []
    private(set) var begunCount = 0
    private(set) var letGo: [SID] = []

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
        let step = walks.visit(sid)
        #expect(!step.letGo.contains(sid))
        carryOut(step)
        held.remove(sid)
    }

    mutating func finish(_ sid: SID) { carryOut(walks.finish(sid)) }

    mutating func close(_ sid: SID) { carryOut(walks.close(sid)) }

    /// Opens a file, reads it to its end and closes it.
    mutating func read(_ sid: SID) {
        open(sid)
        finish(sid)
        close(sid)
    }

    private mutating func carryOut(_ step: DirectoryWalks.Step) {
        var steps = [step]
        while let step = steps.popLast() {
            for sid in step.letGo {
                held.remove(sid)
                letGo.append(sid)
            }
            for (index, sid) in step.begin.enumerated() {
                guard held.count < room else {
                    walks.takeBack(Array(step.begin[index...]))
                    break
                }
                #expect(held.insert(sid).inserted, "\(sid) is begun again")
                begunCount += 1
            }
            for question in step.questions {
                let order = files[question.order, default: []]
                let place = order.firstIndex(of: question.after) ?? order.endIndex
                let followers = Array(order[place...].dropFirst().prefix(question.count))
                steps.append(walks.learn(followers, for: question))
            }
        }
        #expect(held.count <= 8 * DirectoryWalk.ahead.upperBound)
    }
}
