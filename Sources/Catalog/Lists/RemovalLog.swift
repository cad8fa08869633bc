import GRDB
import Support
import TwilioAPI

/// A recording that was removed from the catalog.
package struct Removal: Hashable, Sendable {
    /// Its place among all removals; grows.
    package let sequence: Int64

    /// The recording.
    package let entry: RemovedEntry
}

/// The log of removals, which every mount of the account reads to drop files that it has shown.
package struct RemovalLog: Sendable {
    private let storage: CatalogStorage

    init(in storage: CatalogStorage) {
        self.storage = storage
    }

    /// The removals after one, oldest first.
    ///
    /// - Parameter sequence: the number of the one before; 0 to begin.
    package func entries(after sequence: Int64, limit: Int) throws(CatalogError) -> [Removal] {
        try storage.read { database in
            let select = try RawStatement(
                database,
                """
                SELECT sequence, kind, sid, created, format, group_sid FROM removal
                WHERE sequence > ?1 ORDER BY sequence LIMIT ?2
                """)
            select.bind(1, sequence)
            select.bind(2, Int64(limit))
            var removals: [Removal] = []
            while try select.step() {
                guard let kind = MediaKind(rawValue: Int(truncatingIfNeeded: select.integer(1))),
                    let digits = select.digits(2), Bounds.counts.contains(select.integer(0))
                else { throw DatabaseError.damage("removal") }
                // A name that was never shown needs no notice.
                guard let format = select.text(4), kind.formats.contains(format) else { continue }
                removals.append(
                    Removal(
                        sequence: select.integer(0),
                        entry: RemovedEntry(
                            sid: SID(digits, of: kind), kind: kind, containerFormat: format,
                            dateCreated: select.optionalInteger(3).flatMap(Timestamp.init(bounded:)),
                            group: select.digits(5).map { SID(group: $0, of: kind) })))
            }
            return removals
        }
    }

    /// The number of the latest removal; 0 when there was none.
    package func latest() throws(CatalogError) -> Int64 {
        try storage.read { database in
            let select = try RawStatement(database, "SELECT coalesce(max(sequence), 0) FROM removal")
            defer { select.finish() }
            return try select.step() ? select.integer(0) : 0
        }
    }
}
