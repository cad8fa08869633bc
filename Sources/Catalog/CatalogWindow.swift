public import TwilioAPI

/// Which of an account's recordings a mount shows and lists.
public struct CatalogWindow: Hashable, Sendable {
    /// The kinds that are shown.
    public let kinds: Set<MediaKind>

    /// When they were made; recordings that don't tell are shown only where there is no bound.
    public let interval: CreationInterval

    /// Makes a window; without parameters it is all there is.
    public init(
        kinds: Set<MediaKind> = Set(MediaKind.allCases), interval: CreationInterval = CreationInterval()
    ) {
        self.kinds = kinds
        self.interval = interval
    }

    /// The times as a range of seconds.
    package var seconds: Range<Int64> {
        let lower = interval.lower?.seconds ?? .min
        return lower..<max(lower, interval.upper?.seconds ?? .max)
    }

    /// Whether it contains all times.
    var isUnbounded: Bool { interval.lower == nil && interval.upper == nil }

    /// The SQL condition that entries were made within the interval, with the parameters 8 and 9; empty when all
    /// were.
    ///
    /// - Parameter table: the table's name in the query, with a dot; empty where it has none.
    func condition(on table: String = "") -> String {
        isUnbounded ? "" : " AND \(table)created >= ?8 AND \(table)created < ?9"
    }

    /// Binds the parameters of ``condition(on:)``.
    func bind(to statement: RawStatement) {
        guard !isUnbounded else { return }
        statement.bind(8, seconds.lowerBound)
        statement.bind(9, seconds.upperBound)
    }

    /// Whether a recording is shown.
    func contains(_ entry: CatalogEntry) -> Bool {
        guard kinds.contains(entry.kind) else { return false }
        guard !isUnbounded else { return true }
        return entry.dateCreated.map { seconds.contains($0.seconds) } ?? false
    }
}
