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
        let query =
            window.isUnbounded
            ? "SELECT kind, status, integrity, count, sized_count, known_bytes FROM tally WHERE count > 0"
            : """
            SELECT kind, coalesce(status, 'completed') AS word, integrity, count(*), count(size), coalesce(sum(size), 0)
            FROM entry WHERE created >= ?1 AND created < ?2 AND kind IN (1, 2, 3) GROUP BY kind, word, integrity
            """
        let (isUnbounded, seconds) = (window.isUnbounded, window.seconds)
        let tallies = try read { database in
            let select = try RawStatement(database, query)
            if !isUnbounded {
                select.bind(1, seconds.lowerBound)
                select.bind(2, seconds.upperBound)
            }
            var tallies: [Tally] = []
            while try select.step() {
                guard let kind = MediaKind(rawValue: Int(select.integer(0))) else { continue }
                tallies.append(
                    Tally(
                        kind: kind, status: ResourceStatus(column: select.text(1)),
                        integrity: StoredIntegrity(code: select.integer(2)), count: select.integer(3),
                        sizedCount: select.integer(4), knownBytes: select.integer(5)))
            }
            return tallies
        }
        return tallies.filter { window.kinds.contains($0.kind) }
    }

    /// How much of a kind there is.
    public func totals(of kind: MediaKind) throws(CatalogError) -> CatalogTotals {
        let tallies = try tallies().filter { $0.kind == kind && $0.status == .completed }
        return CatalogTotals(
            count: tallies.reduce(0) { $0 + $1.count }, knownBytes: tallies.reduce(0) { $0 + $1.knownBytes })
    }

    /// How many completed recordings there are of each integrity.
    public func integrityCounts() throws(CatalogError) -> [StoredIntegrity: Int64] {
        try tallies().filter { $0.status == .completed }.reduce(into: [:]) { $0[$1.integrity, default: 0] += $1.count }
    }
}
