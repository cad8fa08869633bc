import Testing
import TestSupport

@testable import Catalog

@Suite("A set of points in time", .orderly)
struct CoverageTests {
    @Test(
        "It is what a set of numbers would be, whatever is put in and taken out",
        arguments: 1...20 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var coverage = Coverage()
        var model: Set<Int64> = []
        for _ in 0..<200 {
            let lower = Int64.random(in: 0...60, using: &generator)
            let range = lower..<lower + Int64.random(in: 0...12, using: &generator)
            if Bool.random(using: &generator) {
                coverage.insert(range)
                model.formUnion(range)
            } else {
                coverage.remove(range)
                model.subtract(range)
            }
            #expect(Set(coverage.ranges.joined()) == model)
            // As few ranges as there can be, in order.
            for (one, next) in zip(coverage.ranges, coverage.ranges.dropFirst()) {
                #expect(one.upperBound < next.lowerBound)
            }
            #expect(coverage.ranges.allSatisfy { !$0.isEmpty })
            let asked = lower..<lower + 20
            #expect(Set(coverage.gaps(in: asked).joined()) == Set(asked).subtracting(model))
            #expect(coverage.contains(asked) == Set(asked).isSubset(of: model))
        }
    }

    @Test("It may be without bounds")
    func unbounded() {
        var coverage = Coverage([.min..<100])
        #expect(coverage.gaps(in: .min ..< .max) == [100..<Int64.max])
        coverage.insert(200..<Int64.max)
        #expect(coverage.gaps(in: .min ..< .max) == [100..<200])
        coverage.insert(100..<200)
        #expect(coverage == .everything)
        coverage.remove(5..<Int64.max)
        #expect(coverage.ranges == [.min..<5])
    }
}
