import TestSupport
import Testing

@Suite("Transfers in a network that does what it likes", .orderly)
struct TransferScheduleTests {
    /// Seeds that found a fault once.
    private static let named: KeyValuePairs<String, UInt64> = [:]

    @Test(
        "Each transfer ends once, with all bytes or an error, in time; none is forgotten, and no limit is exceeded",
        arguments: SeededSchedule.portions(named: named, count: 1500))
    func random(seeds: ClosedRange<UInt64>) throws {
        try SeededSchedule.run(TransferWorld.self, seeds: seeds, steps: 120)
    }
}
