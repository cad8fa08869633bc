import GRDB
import TwilioAPI

/// Calls, and the conferences of recordings.
extension CatalogWriter {
    /// The times for which the catalog has all recordings of a kind.
    func listedTimes(of kind: MediaKind) throws -> Coverage {
        var coverage = Coverage()
        let query = "SELECT lower, upper FROM coverage WHERE kind = ?1 AND pass = ?2"
        try database.forEachRow(of: query, [kind.rawValue, CoveragePurpose.list.rawValue]) { row in
            coverage.insert(try Coverage.range(from: row.optionalInteger(0), to: row.optionalInteger(1)))
        }
        return coverage
    }

    /// Inserts calls, or updates existing ones.
    ///
    /// - Parameter isKept: whether a call that began at a time is stored even without recordings.
    mutating func store(_ calls: [CallDescription], isKept: (_ started: Int64) -> Bool) throws {
        let isRecorded = try RawStatement(
            database,
            """
            SELECT 1 FROM entry WHERE kind IN (\(StoredCalls.kinds)) AND group_sid = ?1 AND status IS NULL LIMIT 1
            """)
        let unfinished = try unfinishedCalls()
        let insert = try RawStatement(
            database,
            """
            INSERT INTO call (sid, started, direction, from_number, from_text, to_number, to_text, checksum)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING
            """)
        let update = try RawStatement(
            database,
            """
            UPDATE call SET started = ?2, direction = ?3, from_number = ?4, from_text = ?5, to_number = ?6,
                to_text = ?7, checksum = ?8
            WHERE sid = ?1 AND checksum <> ?8
            """)
        // In the order of the table, whose neighbouring rows are then written together.
        let rows = calls.compactMap(CallRow.init).sorted {
            ($0.digits.high, $0.digits.low) < ($1.digits.high, $1.digits.low)
        }
        for row in rows {
            if !isKept(row.started), !unfinished.contains(row.digits) {
                isRecorded.bind(1, row.digits)
                let isFound = try isRecorded.step()
                isRecorded.finish()
                guard isFound else { continue }
            }
            try insert.run(row.values)
            if insert.changedRows > 0 { rowCounts[.call, default: 0] += 1 } else { try update.run(row.values) }
        }
    }

    /// The query for the calls of unfinished recordings, which may be finished later; there are few.
    private static let unfinishedCalls = """
        SELECT group_sid FROM entry INDEXED BY entry_unfinished
        WHERE status IS NOT NULL AND status NOT IN ('deleted', 'failed', 'absent')
            AND +kind IN (\(StoredCalls.kinds)) AND group_sid IS NOT NULL
        """
    /// The most unfinished recordings whose calls are looked at.
    private static let unfinishedLimit = 10_000

    private func unfinishedCalls() throws -> Set<SIDDigits> {
        var found: Set<SIDDigits> = []
        try database.forEachRow(of: "\(Self.unfinishedCalls) LIMIT \(Self.unfinishedLimit)") { row in
            if let digits = row.digits(0) { found.insert(digits) }
        }
        return found
    }

    /// Removes the calls without recordings that began within a range of times.
    ///
    /// - Parameters:
    ///   - first: only those with a greater SID; nil for no bound.
    ///   - last: only those with this SID or a smaller one; nil for no bound.
    mutating func removeIdleCalls(
        _ range: Range<Int64>, after first: SIDDigits? = nil, through last: SIDDigits? = nil
    ) throws {
        // In the order of SIDs, which is also that of the index of groups, neighbours are read together.
        let delete = try RawStatement(
            database,
            """
            DELETE FROM call
            WHERE sid > coalesce(?3, x'') AND sid <= ?4 AND +started >= ?1 AND +started < ?2 AND NOT EXISTS (
                    SELECT 1 FROM entry WHERE kind IN (\(StoredCalls.kinds)) AND group_sid = call.sid
                        AND status IS NULL)
                AND sid NOT IN (\(Self.unfinishedCalls) LIMIT \(Self.unfinishedLimit))
            """)
        try delete.run([
            range.lowerBound, range.upperBound, first, last ?? SIDDigits(high: .max, low: .max),
        ])
        rowCounts[.call, default: 0] -= Int64(delete.changedRows)
    }

    /// Stores the conference of a recording that is new.
    mutating func insertConference(_ digits: SIDDigits, of id: Int64) throws {
        try ConferenceRow(id: id, digits: digits).insert(into: database)
        rowCounts[.conference, default: 0] += 1
    }

    /// Stores that a recording belongs to another conference, or to none.
    mutating func changeConference(_ digits: SIDDigits?, of id: Int64) throws {
        let query = "SELECT id, sid, checksum FROM conference WHERE id = ?1"
        let before = try database.firstRow(of: query, [id]) { try ConferenceRow($0).digits }
        guard before != digits else { return }
        if before != nil {
            try RawStatement(database, "DELETE FROM conference WHERE id = ?1").run([id])
            rowCounts[.conference, default: 0] -= 1
        }
        if let digits { try insertConference(digits, of: id) }
    }

    /// Writes the numbers of rows that this transaction has changed.
    func writeRowCounts() throws {
        for (table, change) in rowCounts where change != 0 {
            try RawStatement(database, "UPDATE row_count SET count = count + ?2 WHERE name = ?1")
                .run([table.rawValue, change])
        }
    }
}
