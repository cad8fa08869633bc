import TestSupport
import Testing

@testable import Media

@Suite("Whether a file was read to its end", .orderly)
struct ReadProgressTests {
    /// Whether the observer is called by each of these reads.
    private static func calls(size: Int64, _ reads: [Range<Int64>]) -> [Bool] {
        var progress = ReadProgress(size: size)
        #expect(progress.watch {} == nil)
        return reads.map { progress.advance($0) != nil }
    }

    @Test("It was once its end and half of its bytes were asked for, in any order, and that is told once")
    func ends() {
        #expect(Self.calls(size: 100, [0..<50, 50..<99, 99..<100, 0..<100]) == [false, false, true, false])
        #expect(Self.calls(size: 100, [99..<100, 0..<48, 48..<49]) == [false, false, true])
        #expect(Self.calls(size: 100, [99..<100, 0..<49]) == [false, true])
        #expect(Self.calls(size: 100, [0..<100]) == [true])
        // Bytes beyond the end are none.
        #expect(Self.calls(size: 100, [90..<1000, 100..<2000, 0..<39, 39..<40]) == [false, false, false, true])
        #expect(Self.calls(size: 1, [1..<2, 0..<1]) == [true, false])
    }

    @Test("Who begins to watch afterwards is told at once, and so is who watches an empty file")
    func late() {
        var progress = ReadProgress(size: 10)
        #expect(progress.advance(0..<10) == nil)
        #expect(progress.watch {} != nil)
        var empty = ReadProgress(size: 0)
        #expect(empty.watch {} != nil)
    }
}
