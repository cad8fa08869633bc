import TestSupport
import Testing

@testable import Media

@Suite("The read-ahead window", .orderly)
struct ReadAheadWindowTests {
    private static let step: Int64 = 128 << 10
    private static let plenty: Int64 = 1 << 30

    /// Bytes ahead of the reader after each of so many reads in order.
    private static func ahead(reads: Int64, limit: Int64 = plenty) -> [Int64] {
        var window = ReadAheadWindow()
        return (0..<reads).map { number in
            let read = (number * step)..<((number + 1) * step)
            return window.advance(read, share: limit).range.upperBound - read.upperBound
        }
    }

    @Test("A first read fetches little, wherever it is", arguments: [0, 5, 1 << 20, 1 << 40] as [Int64])
    func first(offset: Int64) {
        var window = ReadAheadWindow()
        let wanted = window.advance(offset..<(offset + 4096), share: Self.plenty).range
        #expect(wanted == offset..<(offset + ReadAheadWindow.minimum))
    }

    @Test("While the reader goes on the window grows, to its maximum and not beyond")
    func growth() {
        let ahead = Self.ahead(reads: 400)
        #expect(zip(ahead.dropFirst(), ahead.dropFirst(2)).allSatisfy { $0 <= $1 + Self.step })
        #expect(ahead.max() == ReadAheadWindow.maximum)
        #expect((ahead.last ?? 0) >= ReadAheadWindow.maximum - Self.step)
    }

    @Test("The window stays within half of what may be kept", arguments: [1, 2, 3, 4, 8].map { Int64($0) << 20 })
    func limits(limit: Int64) {
        let ahead = Self.ahead(reads: 400, limit: limit)
        #expect((ahead.max() ?? 0) <= max(limit / 2, ReadAheadWindow.minimum))
        #expect((ahead.max() ?? 0) >= min(limit / 2, ReadAheadWindow.maximum) - Self.step)
    }

    @Test("Each connection fetches a part of the window: not less than half a mebibyte, nor more than four")
    func parts() {
        for (connections, expected) in [(0, 4 << 20), (1, 4 << 20), (2, 4 << 20), (4, 2 << 20), (100, 512 << 10)]
            as [(Int, Int64)]
        {
            var window = ReadAheadWindow(first: 8 << 20)
            let first = window.advance(0..<Self.step, share: Self.plenty, connectionCount: connections)
            #expect(first.pieceSize == max(256 << 10, min(4 << 20, (8 << 20) / Int64(max(1, connections)))))
            let next = window.advance(
                Self.step..<(2 * Self.step), share: Self.plenty, connectionCount: connections)
            #expect(next.pieceSize == expected && next.step == .onward)
        }
    }

    @Test("The read itself is wanted always, also when it is larger than the window")
    func containsRead() {
        var generator = SeededGenerator(seed: 5)
        var window = ReadAheadWindow()
        for _ in 0..<2000 {
            let start = Int64.random(in: 0..<(1 << 24), using: &generator)
            let read = start..<(start + Int64.random(in: 1..<(2 << 20), using: &generator))
            let wanted = window.advance(read, share: Int64.random(in: 0..<(64 << 20), using: &generator)).range
            #expect(wanted.lowerBound == read.lowerBound)
            #expect(wanted.upperBound >= read.upperBound)
            #expect(
                wanted.upperBound - read.upperBound <= ReadAheadWindow.maximum + ReadAheadWindow.tolerance + (2 << 20))
        }
    }

    @Test("A seek starts small again, forwards and backwards", arguments: [100 << 20, 0] as [Int64])
    func seek(to offset: Int64) {
        var window = ReadAheadWindow()
        for number in 0..<100 {
            let start = (50 << 20) + Int64(number) * Self.step
            _ = window.advance(start..<(start + Self.step), share: Self.plenty)
        }
        let wanted = window.advance(offset..<(offset + 4096), share: Self.plenty).range
        #expect(wanted.count == Int(ReadAheadWindow.minimum))
    }

    @Test("Reads that pass each other are not taken for seeks", arguments: 1...10 as ClosedRange<UInt64>)
    func reordered(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var window = ReadAheadWindow()
        var largest: Int64 = 0
        for group in 0..<100 {
            // The kernel's read-ahead sends up to four reads at once; workers take them in any order.
            for number in (0..<4).shuffled(using: &generator) {
                let start = Int64(group * 4 + number) * Self.step
                let read = start..<(start + Self.step)
                largest = max(largest, window.advance(read, share: Self.plenty).range.upperBound - read.upperBound)
            }
        }
        #expect(largest >= ReadAheadWindow.maximum)
    }

    @Test("Without memory the window halves, and grows again when there is some")
    func shortage() {
        var window = ReadAheadWindow()
        var position: Int64 = 0
        func advance(_ window: inout ReadAheadWindow) -> Int64 {
            defer { position += Self.step }
            let read = position..<(position + Self.step)
            return window.advance(read, share: Self.plenty).range.upperBound - read.upperBound
        }
        for _ in 0..<400 { _ = advance(&window) }
        let full = advance(&window)
        window.noteShortage()
        let half = advance(&window)
        #expect(half == full / 2)
        for _ in 0..<20 { window.noteShortage() }
        #expect(advance(&window) >= ReadAheadWindow.minimum)
        for _ in 0..<400 { _ = advance(&window) }
        #expect(advance(&window) == full)
    }
}
