import Support
public import TwilioAPI

/// How many recordings there are of one kind, in one state.
public struct Tally: Hashable, Sendable {
    /// Their kind.
    public let kind: MediaKind

    /// What has become of them.
    public let status: ResourceStatus

    /// What is known of the truth of their bytes.
    public let integrity: StoredIntegrity

    /// How many there are.
    public let count: Int64

    /// Of how many the size is known.
    public let sizedCount: Int64

    /// The sum of the plaintext sizes that are known, in bytes.
    public let knownBytes: Int64

    /// What the sum saturates at, in bytes: SQLite's integers have 64 bits, and a larger sum would be no integer.
    static let largestSum: Int64 = 1 << 62

    /// The sum of the column `size` of a group of entries, in SQL, exact up to ``largestSum``.
    ///
    /// `sum(size)` is an error when it overflows, and `total(size)` is rounded: so high and low bits are added apart.
    static let sumOfSizes = """
        coalesce(min(\(largestSum), CASE WHEN sum(size >> 20) >= \(largestSum >> 20) THEN \(largestSum)
            ELSE (sum(size >> 20) << 20) + sum(size & 1048575) END), 0)
        """

    /// Makes a tally.
    public init(
        kind: MediaKind, status: ResourceStatus, integrity: StoredIntegrity, count: Int64, sizedCount: Int64,
        knownBytes: Int64
    ) {
        self.kind = kind
        self.status = status
        self.integrity = integrity
        self.count = count
        self.sizedCount = sizedCount
        self.knownBytes = knownBytes
    }
}

/// What a transaction changes of the tallies.
///
/// Counting a million rows takes a quarter of a second, and `stat` of `status.json` would count them. A trigger for
/// each row would take a third of the time of a first sync; so each change is summed up here, and written once, in the
/// same transaction.
struct TallyChanges {
    struct Key: Hashable {
        let kind: MediaKind
        let status: ResourceStatus
        let integrity: StoredIntegrity
    }

    struct Sum: Equatable {
        var count: Int64 = 0
        var sizedCount: Int64 = 0
        var knownBytes: Int64 = 0
    }

    private(set) var sums: [Key: Sum] = [:]

    /// Counts recordings that appear (`count` 1) or go (-1).
    mutating func count(_ key: Key, size: Int64?, by count: Int64) {
        var sum = sums[key, default: Sum()]
        sum.count = sum.count.addingSaturated(count)
        if let size {
            sum.sizedCount = sum.sizedCount.addingSaturated(count)
            sum.knownBytes = sum.knownBytes.addingSaturated(count.multipliedSaturated(by: size))
        }
        sums[key] = sum
    }

    mutating func clear() {
        sums = [:]
    }
}
