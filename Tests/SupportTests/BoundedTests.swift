import Support
import TestSupport
import Testing

@Suite("Numbers from outside are bounded, and sums of them saturate", .orderly)
struct BoundedTests {
    @Test("A sum, a difference and a product saturate at the type's ends")
    func saturation() {
        let numbers: [Int8] = [.min, .min + 1, -64, -2, -1, 0, 1, 2, 63, 64, .max - 1, .max]
        for first in numbers {
            for second in numbers {
                let ends = Int(Int8.min)...Int(Int8.max)
                #expect(Int(first.addingSaturated(second)) == ends.clamping(Int(first) + Int(second)))
                #expect(Int(first.subtractingSaturated(second)) == ends.clamping(Int(first) - Int(second)))
                #expect(Int(first.multipliedSaturated(by: second)) == ends.clamping(Int(first) * Int(second)))
            }
        }
        #expect(UInt8(200).addingSaturated(100) == 255)
        #expect(UInt8(100).subtractingSaturated(200) == 0)
        #expect(UInt64.max.multipliedSaturated(by: 2) == .max)
    }

    @Test("A sum of many numbers saturates")
    func sums() {
        #expect([Int]().sumSaturated() == 0)
        #expect([1, 2, 3].sumSaturated() == 6)
        #expect(Array(repeating: Int64(1) << 62, count: 5).sumSaturated() == .max)
        #expect([UInt64.max - 1, 1, 1].sumSaturated() == .max)
    }

    @Test(
        "A size is accepted from 0 to 2^50 and from nowhere else",
        arguments: [
            (0, true), (1, true), (1 << 50, true), ((1 << 50) + 1, false), (-1, false), (.max, false), (.min, false),
            (.max - 1, false), (.max - 16, false), (.max - 599, false), (1 << 62, false),
        ] as [(Int64, Bool)])
    func sizes(number: Int64, isAccepted: Bool) {
        #expect(Bounds.sizes.accepting(number) == (isAccepted ? number : nil))
    }

    @Test("Numbers of other types are accepted and clamped by their value")
    func otherTypes() {
        #expect(Bounds.sizes.accepting(UInt64.max) == nil)
        #expect(Bounds.sizes.accepting(UInt64(1) << 63) == nil)
        #expect(Bounds.sizes.accepting(UInt8(7)) == 7)
        #expect(Bounds.sizes.clamping(UInt64.max) == 1 << 50)
        #expect(Bounds.sizes.clamping(Int64.min) == 0)
        #expect(Bounds.times.accepting(Int64.min) == nil)
        #expect(Bounds.times.clamping(Int64.max) == 7_258_118_400)
        #expect(Bounds.channels.clamping(0) == 1)
    }

    @Test("A million of the largest sizes fall short of what an Int can hold a thousand times less")
    func roomForArithmetic() {
        #expect(Bounds.largestSize.multipliedReportingOverflow(by: 8000).overflow == false)
        #expect(Bounds.times.upperBound.multipliedReportingOverflow(by: 1_000_000_000).overflow == false)
        #expect(Bounds.counts.upperBound.multipliedReportingOverflow(by: 1_000_000).overflow == false)
    }
}
