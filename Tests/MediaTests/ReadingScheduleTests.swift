import TestSupport
import Testing

@Suite("Readers, blocks, memory and verdicts in random order", .orderly)
struct ReadingScheduleTests {
    /// Seeds that found a fault once.
    private static let named: KeyValuePairs<String, UInt64> = ["changed media that comes as a stream": 214]

    @Test(
        "Each read ends once, with its bytes or an error; no program reads all of a forged file; no memory is lost",
        arguments: SeededSchedule.portions(named: named, count: 300, size: 100))
    func random(seeds: ClosedRange<UInt64>) throws {
        try SeededSchedule.run(MediaWorld.self, seeds: seeds, steps: 150)
    }
}
