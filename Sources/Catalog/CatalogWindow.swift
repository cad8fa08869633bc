public import TwilioAPI

/// The part of an account's recordings that a mount shows.
public struct CatalogWindow: Hashable, Sendable {
    /// The kinds that are shown.
    public let kinds: Set<MediaKind>

    /// The creation times that are shown; if there is a bound, recordings without a creation time aren't shown.
    public let interval: CreationInterval

    /// Makes a window; the default shows everything.
    public init(kinds: Set<MediaKind> = Set(MediaKind.allCases), interval: CreationInterval = CreationInterval()) {
        self.kinds = kinds
        self.interval = interval
    }

    /// The creation times as a range of seconds since 1970.
    package var seconds: Range<Int64> {
        let lower = interval.lower?.seconds ?? .min
        return lower..<max(lower, interval.upper?.seconds ?? .max)
    }

    var isUnbounded: Bool { interval.lower == nil && interval.upper == nil }

    /// The SQL condition on creation times, with the parameters 8 and 9; empty without bounds.
    ///
    /// - Parameter table: what precedes the column: the table's name in the query, with a dot; empty if it has none.
    func condition(on table: String = "") -> String {
        isUnbounded ? "" : " AND \(table)created >= ?8 AND \(table)created < ?9"
    }

    /// Binds the parameters of ``condition(on:)``.
    func bind(to statement: RawStatement) {
        guard !isUnbounded else { return }
        statement.bind(8, seconds.lowerBound)
        statement.bind(9, seconds.upperBound)
    }

    func contains(_ entry: CatalogEntry) -> Bool {
        guard kinds.contains(entry.kind) else { return false }
        guard !isUnbounded else { return true }
        return entry.dateCreated.map { seconds.contains($0.seconds) } ?? false
    }
}

extension Sequence<MediaKind> {
    /// The numbers of the kinds, for SQL's `IN`.
    var numbers: String { map { String($0.rawValue) }.joined(separator: ", ") }
}
