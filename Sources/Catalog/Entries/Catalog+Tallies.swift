import GRDB
public import Support
public import TwilioAPI

/// How much of a kind the catalog shows.
public struct CatalogTotals: Hashable, Sendable {
    /// Number of completed recordings.
    public let count: Int64

    /// Sum of the plaintext sizes that are known, in bytes.
    public let knownBytes: Int64
}

/// How much there is: all of it costs the same however many recordings there are, unless the window shows only some
/// times.
extension Catalog {
    /// How many resources there are of each kind, in each state, that the window shows.
    public func tallies() throws(CatalogError) -> [Tally] {
        // All of them, although some may not be shown: SQLite then uses the index of kinds and times.
        let kinds = MediaKind.allCases.map { String($0.rawValue) }.joined(separator: ", ")
        let query =
            window.isUnbounded
            ? "SELECT kind, status, integrity, count, sized_count, known_bytes FROM tally WHERE count > 0"
            : """
            SELECT kind, coalesce(status, 'completed') AS word, integrity, count(*), count(size),
                \(Tally.sumOfSizes)
            FROM entry WHERE created >= ?1 AND created < ?2 AND kind IN (\(kinds)) GROUP BY kind, word, integrity
            """
        let (isUnbounded, seconds) = (window.isUnbounded, window.seconds)
        let tallies = try storage.read { database in
            let select = try RawStatement(database, query)
            if !isUnbounded {
                select.bind(1, seconds.lowerBound)
                select.bind(2, seconds.upperBound)
            }
            var tallies: [Tally] = []
            while try select.step() {
                tallies.append(try Tally(select))
            }
            return tallies
        }
        return tallies.filter { window.kinds.contains($0.kind) }
    }

    /// How much of a kind there is.
    public func totals(of kind: MediaKind) throws(CatalogError) -> CatalogTotals {
        let tallies = try tallies().filter { $0.kind == kind && $0.status == .completed }
        return CatalogTotals(
            count: tallies.map(\.count).sumSaturated(), knownBytes: tallies.map(\.knownBytes).sumSaturated())
    }

    /// How many completed recordings there are of each integrity.
    public func integrityCounts() throws(CatalogError) -> [StoredIntegrity: Int64] {
        try tallies().filter { $0.status == .completed }.reduce(into: [:]) {
            $0[$1.integrity] = ($0[$1.integrity] ?? 0).addingSaturated($1.count)
        }
    }
}

extension Tally {
    /// Reads a row.
    ///
    /// - Throws: that the database is damaged, when its numbers can't be.
    fileprivate init(_ row: RawStatement) throws {
        let (count, sizedCount, knownBytes) = (row.integer(3), row.integer(4), row.integer(5))
        guard let kind = MediaKind(rawValue: Int(truncatingIfNeeded: row.integer(0))),
            let integrity = StoredIntegrity(stored: row.integer(2)), Bounds.counts.contains(count),
            (0...count).contains(sizedCount), (0...Self.largestSum).contains(knownBytes)
        else { throw DatabaseError.damage("tally") }
        self.init(
            kind: kind, status: ResourceStatus(column: row.text(1)), integrity: integrity, count: count,
            sizedCount: sizedCount, knownBytes: knownBytes)
    }
}
