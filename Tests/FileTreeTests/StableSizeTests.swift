import TestSupport
import Testing

@testable import FileTree

@Suite("The size of a text that is made anew at each opening", .orderly)
struct StableSizeTests {
    private func text(_ count: Int) -> [UInt8] { Array(repeating: 1, count: count) }

    @Test("It is reported once there was a text, is a power of two, and leaves a quarter free")
    func room() {
        for (count, size) in [
            (0, 16), (1, 16), (12 << 10, 16), (12 << 10 + 1, 32), (24 << 10, 32), (24 << 10 + 1, 64), (200_000, 512),
        ] {
            var stable = StableSize()
            #expect(stable.reported() == nil)
            _ = stable.pad(text(count), with: 2)
            #expect(stable.reported() == size << 10, "\(count)")
        }
    }

    @Test("A text that has grown since the size was reported is padded to that size")
    func growth() {
        var stable = StableSize()
        _ = stable.pad(text(100), with: 2)
        #expect(stable.reported() == 16 << 10)
        let filled = stable.pad(text(16_000), with: 2)
        #expect(filled.count == 16 << 10)
        #expect(filled.prefix(16_000).allSatisfy { $0 == 1 } && filled.dropFirst(16_000).allSatisfy { $0 == 2 })
        // The next size that is reported has room again, and is kept however short the text is then.
        #expect(stable.reported() == 32 << 10)
        #expect(stable.pad(text(5), with: 2).count == 32 << 10)
        #expect(stable.reported() == 32 << 10)
    }

    @Test("Whatever the lengths are, each text has the size that was reported last, unless it doesn't fit")
    func random() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            var stable = StableSize()
            var reported: Int?
            for _ in 0..<50 {
                if Bool.random(using: &generator) {
                    let size = stable.reported()
                    if let reported { #expect(size ?? 0 >= reported) }
                    reported = size
                } else {
                    let count = Int.random(in: 0...Int.random(in: 1...100_000, using: &generator), using: &generator)
                    let filled = stable.pad(text(count), with: 2).count
                    if let reported, count <= reported { #expect(filled == reported) }
                    #expect(filled >= count && filled.nonzeroBitCount == 1)
                    if count > reported ?? .max { reported = filled }
                }
            }
        }
    }
}
