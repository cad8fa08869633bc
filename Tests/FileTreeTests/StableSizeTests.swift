import TestSupport
import Testing

@testable import FileTree

@Suite("The size of a text that is made anew each time", .orderly)
struct StableSizeTests {
    private func text(_ count: Int) -> [UInt8] { Array(repeating: 1, count: count) }

    @Test("It is told once there was a text, is a power of two, and leaves a quarter free")
    func room() {
        for (count, size) in [
            (0, 16), (1, 16), (12 << 10, 16), (12 << 10 + 1, 32), (24 << 10, 32), (24 << 10 + 1, 64), (200_000, 512),
        ] {
            var stable = StableSize(least: 16 << 10)
            #expect(stable.told() == nil)
            _ = stable.fill(text(count), with: 2)
            #expect(stable.told() == size << 10, "\(count)")
        }
    }

    @Test("A text that has grown since the size was told is filled up to what was told")
    func growth() {
        var stable = StableSize(least: 16 << 10)
        _ = stable.fill(text(100), with: 2)
        #expect(stable.told() == 16 << 10)
        let filled = stable.fill(text(16_000), with: 2)
        #expect(filled.count == 16 << 10)
        #expect(filled.prefix(16_000).allSatisfy { $0 == 1 } && filled.dropFirst(16_000).allSatisfy { $0 == 2 })
        // Who asks next is told a size with room again, and gets it, however short the text is then.
        #expect(stable.told() == 32 << 10)
        #expect(stable.fill(text(5), with: 2).count == 32 << 10)
        #expect(stable.told() == 32 << 10)
    }

    @Test("Whatever the texts' lengths are, nobody gets another size than was told last, unless the text doesn't fit")
    func random() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            var stable = StableSize(least: 16 << 10)
            var told: Int?
            for _ in 0..<50 {
                if Bool.random(using: &generator) {
                    let size = stable.told()
                    if let told { #expect(size ?? 0 >= told) }
                    told = size
                } else {
                    let count = Int.random(in: 0...Int.random(in: 1...100_000, using: &generator), using: &generator)
                    let filled = stable.fill(text(count), with: 2).count
                    if let told, count <= told { #expect(filled == told) }
                    #expect(filled >= count && filled.nonzeroBitCount == 1)
                    if count > told ?? .max { told = filled }
                }
            }
        }
    }
}
