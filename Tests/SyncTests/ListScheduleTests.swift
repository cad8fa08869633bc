import TestSupport
import Testing

@Suite("A list in random order of events", .orderly)
struct ListScheduleTests {
    /// Seeds that found a fault once.
    private static let named: KeyValuePairs<String, UInt64> = [:]

    @Test(
        "Who waits is answered once; a list that is told to be complete lacks nothing, and shows nothing that has gone",
        arguments: SeededSchedule.portions(named: named, count: 1500))
    func random(seeds: ClosedRange<UInt64>) throws {
        try SeededSchedule.run(ListWorld.self, seeds: seeds, steps: 120)
    }
}
