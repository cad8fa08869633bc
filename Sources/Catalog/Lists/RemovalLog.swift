import GRDB
import Support
import TwilioAPI

/// A recording that was removed from the catalog.
package struct Removal: Hashable, Sendable {
    /// The number of the removal; grows.
    package let sequence: Int64

    /// The recording; nil if it never had a name.
    package let entry: RemovedEntry?
}

/// The log of removals; every mount of the account reads it to drop files.
package struct RemovalLog: Sendable {
    private let storage: CatalogStorage

    init(in storage: CatalogStorage) { self.storage = storage }

    /// The removals after a number, oldest first; 0 to begin.
    package func entries(after sequence: Int64, limit: Int) throws(CatalogError) -> [Removal] {
        try storage.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT sequence, kind, sid, created, format, group_sid FROM removal
                    WHERE sequence > ? ORDER BY sequence LIMIT ?
                    """,
                arguments: [sequence, limit])
            var last = sequence
            return try rows.map { row in
                guard let kind = row.integer(1).flatMap({ MediaKind(rawValue: Int(truncatingIfNeeded: $0)) }),
                    let digits = row.digits(2), let sequence = row.integer(0), Bounds.counts.contains(sequence)
                else { throw DatabaseError.damage("removal") }
                try last.advance(to: sequence, in: "removal")
                // A name that was never shown needs no removal.
                guard let format = row.text(4), kind.formats.contains(format) else {
                    return Removal(sequence: sequence, entry: nil)
                }
                return Removal(
                    sequence: sequence,
                    entry: RemovedEntry(
                        sid: SID(digits, of: kind), kind: kind, containerFormat: format,
                        dateCreated: row.integer(3).flatMap(Timestamp.init(bounded:)),
                        group: row.digits(5).map { SID(group: $0, of: kind) }))
            }
        }
    }

    /// The number of the latest removal; 0 when there was none.
    package func latest() throws(CatalogError) -> Int64 {
        try storage.read { database in
            try Row.fetchOne(database, sql: "SELECT coalesce(max(sequence), 0) FROM removal")?.integer(0) ?? 0
        }
    }
}
