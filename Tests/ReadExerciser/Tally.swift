/// Counts what has become of reads.
struct Tally: Sendable, Codable {
    /// Reads, in all.
    var reads = 0
    /// Bytes that were right.
    var bytes = 0
    /// Reads with a wrong byte, or with too few.
    var wrong = 0
    /// Reads that failed.
    var errors = 0
    /// Reads, failed ones too, that took longer than the deadline.
    var late = 0
    /// The longest, in seconds.
    var longest = 0.0
    /// Reads by the way in which they were made.
    var ways: [String: Int] = [:]
    /// Failed reads by the number of the error.
    var numbers: [String: Int] = [:]
    /// The first that were wrong, failed or late, in words.
    var examples: [String] = []

    private static let mostExamples = 30

    mutating func add(example: String) {
        if examples.count < Self.mostExamples { examples.append(example) }
    }

    mutating func add(_ other: Tally) {
        reads += other.reads
        bytes += other.bytes
        wrong += other.wrong
        errors += other.errors
        late += other.late
        longest = max(longest, other.longest)
        ways.merge(other.ways, uniquingKeysWith: +)
        numbers.merge(other.numbers, uniquingKeysWith: +)
        other.examples.forEach { add(example: $0) }
    }
}
