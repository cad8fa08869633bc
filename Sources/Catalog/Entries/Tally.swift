import Support
public import TwilioAPI

/// The counts of recordings of one kind, status and integrity.
public struct Tally: Hashable, Sendable {
    /// The kind of the recordings.
    public let kind: MediaKind

    /// The status of the recordings.
    public let status: ResourceStatus

    /// The integrity of the recordings.
    public let integrity: StoredIntegrity

    /// The number of recordings.
    public let count: Int64

    /// The number of recordings with a known size.
    public let sizedCount: Int64

    /// The sum of the known plaintext sizes, in bytes.
    public let knownBytes: Int64

    /// The value in bytes at which the sum saturates, since SQLite's integers have 64 bits.
    static let largestSum: Int64 = 1 << 62

    /// The sum of the column `size` of a group of entries, in SQL, exact up to ``largestSum``.
    ///
    /// `sum(size)` fails when it overflows, and `total(size)` is rounded, so high and low bits are added separately.
    static let sumOfSizes = """
        coalesce(min(\(largestSum), CASE WHEN sum(size >> 20) >= \(largestSum >> 20) THEN \(largestSum)
            ELSE (sum(size >> 20) << 20) + sum(size & 1048575) END), 0)
        """

    /// The SQL statement that computes all tallies from the entries.
    static let insertAll = """
        INSERT INTO tally (kind, status, integrity, count, sized_count, known_bytes)
        SELECT kind, coalesce(status, 'completed') AS word, integrity, count(*), count(size),
            \(sumOfSizes)
        FROM entry GROUP BY kind, word, integrity;
        """
}

/// The changes of the tallies in a transaction.
///
/// Counting a million rows takes a quarter of a second, too long for each `stat` of `status.json`. A trigger for each
/// row would take a third of the time of a first sync. So the changes are summed up here, and written once, in the same
/// transaction.
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

    /// Counts recordings of the same size that were added, or removed if `count` is negative.
    mutating func count(_ key: Key, size: Int64?, by count: Int64) {
        var sum = sums[key, default: Sum()]
        sum.count = sum.count.addingSaturated(count)
        if let size {
            sum.sizedCount = sum.sizedCount.addingSaturated(count)
            sum.knownBytes = sum.knownBytes.addingSaturated(count.multipliedSaturated(by: size))
        }
        sums[key] = sum
    }
}
