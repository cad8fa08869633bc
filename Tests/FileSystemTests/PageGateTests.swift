import FileTree
import TestSupport
import Testing

@testable import FileSystem

@Suite("When pages are dropped", .orderly)
struct PageGateTests {
    private enum Step {
        case begin
        case end
        case drop
    }

    private static let file = InodeNumber(rawValue: 5)
    private static let other = InodeNumber(rawValue: 6)

    /// What each step says: whether the pages are to be dropped now.
    private func answers(_ steps: [(Step, InodeNumber)]) -> [Bool] {
        var gate = PageGate()
        return steps.map { step, inode in
            switch step {
            case .begin:
                gate.begin(inode)
                return false
            case .end: return gate.end(inode)
            case .drop: return gate.drop(inode)
            }
        }
    }

    @Test("without reads at once, whatever is read elsewhere")
    func idle() {
        let (file, other) = (Self.file, Self.other)
        let steps: [(Step, InodeNumber)] = [
            (.drop, file), (.begin, other), (.drop, file), (.end, other), (.drop, other), (.end, other),
        ]
        #expect(answers(steps) == [true, false, true, false, true, false])
    }

    @Test("with the last of the reads, once", arguments: 1...4)
    func reads(count: Int) {
        let file = Self.file
        let steps: [(Step, InodeNumber)] =
            Array(repeating: (.begin, file), count: count) + [(.drop, file), (.drop, file)]
            + Array(repeating: (.end, file), count: count) + [(.begin, file), (.end, file), (.drop, file)]
        let expected =
            Array(repeating: false, count: count + 2) + Array(repeating: false, count: count - 1) + [true]
            + [false, false, true]
        #expect(answers(steps) == expected)
    }
}
