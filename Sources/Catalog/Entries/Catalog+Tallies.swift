import GRDB
public import Support
public import TwilioAPI

/// The totals of a kind, as far as the window shows it.
public struct CatalogTotals: Hashable, Sendable {
    /// The number of completed recordings.
    public let count: Int64

    /// The sum of the known plaintext sizes, in bytes.
    public let knownBytes: Int64
}

/// Counts of recordings; the cost is independent of their number, unless the window has bounds.
extension Catalog {
    /// The numbers of resources by kind, status and integrity, as far as the window shows them.
    public func tallies() throws(CatalogError) -> [Tally] {
        // The query counts all kinds, even those not shown, so that SQLite uses the index of kinds and times.
        let query =
            window.isUnbounded
            ? "SELECT kind, status, integrity, count, sized_count, known_bytes FROM tally WHERE count > 0"
            : """
            SELECT kind, coalesce(status, 'completed') AS word, integrity, count(*), count(size),
                \(Tally.sumOfSizes)
            FROM entry WHERE kind IN (\(MediaKind.allCases.numbers))\(window.condition())
            GROUP BY kind, word, integrity
            """
        let tallies = try storage.read { database in
            let select = try RawStatement(database, query)
            window.bind(to: select)
            var tallies: [Tally] = []
            while try select.step() { tallies.append(try Tally(select)) }
            return tallies
        }
        return tallies.filter { window.kinds.contains($0.kind) }
    }

    /// The totals of a kind.
    public func totals(of kind: MediaKind) throws(CatalogError) -> CatalogTotals {
        let tallies = try tallies().filter { $0.kind == kind && $0.status == .completed }
        return CatalogTotals(
            count: tallies.map(\.count).sumSaturated(), knownBytes: tallies.map(\.knownBytes).sumSaturated())
    }

    /// The numbers of completed recordings by integrity.
    public func integrityCounts() throws(CatalogError) -> [StoredIntegrity: Int64] {
        try tallies().filter { $0.status == .completed }.reduce(into: [:]) {
            $0[$1.integrity] = ($0[$1.integrity] ?? 0).addingSaturated($1.count)
        }
    }
}

extension Tally {
    /// Reads a row; throws that the database is damaged when its numbers are out of bounds.
    fileprivate init(_ row: RawStatement) throws {
        let (count, sizedCount, knownBytes) = (row.integer(3), row.integer(4), row.integer(5))
        guard let kind = row.kind(0), let integrity = StoredIntegrity(stored: row.integer(2)),
            Bounds.counts.contains(count), (0...count).contains(sizedCount), (0...Self.largestSum).contains(knownBytes)
        else { throw DatabaseError.damage("tally") }
        self.init(
            kind: kind, status: ResourceStatus(column: row.text(1)), integrity: integrity, count: count,
            sizedCount: sizedCount, knownBytes: knownBytes)
    }
}
