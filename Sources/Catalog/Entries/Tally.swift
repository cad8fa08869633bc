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

    struct Sum {
        var count: Int64 = 0
        var sizedCount: Int64 = 0
        var knownBytes: Int64 = 0
    }

    private(set) var sums: [Key: Sum] = [:]

    /// Counts recordings that appear (`count` 1) or go (-1).
    mutating func count(_ key: Key, size: Int64?, by count: Int64) {
        sums[key, default: Sum()].count += count
        guard let size else { return }
        sums[key, default: Sum()].sizedCount += count
        sums[key, default: Sum()].knownBytes += count * size
    }

    mutating func clear() {
        sums = [:]
    }
}
