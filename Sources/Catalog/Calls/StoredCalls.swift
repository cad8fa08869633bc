import GRDB
import Support
package import TwilioAPI

/// What the catalog has of the list of calls, and the queries that keep it up to date.
///
/// Only calls with recordings matter. The others are dropped once all recordings that they could have are known.
package struct StoredCalls: Sendable {
    private let storage: CatalogStorage

    /// The most seconds from the beginning of a call to a recording of it: a day, the longest call, and an hour.
    package static let reach: Int64 = 90_000

    /// The kinds whose recordings belong to calls, for SQL's `IN`.
    static let kinds = MediaKind.ofCalls.numbers

    /// The kind whose coverage belongs to calls.
    private static let kind = MediaKind.voiceRecording

    init(in storage: CatalogStorage) { self.storage = storage }

    /// The times for which the catalog has the calls that began then.
    package func coverage() throws(CatalogError) -> Coverage {
        try storage.read { database in
            var coverage = Coverage()
            let query = "SELECT lower, upper FROM coverage WHERE kind = ?1 AND pass = ?2"
            try database.forEachRow(of: query, [Self.kind.rawValue, CoveragePurpose.calls.rawValue]) { row in
                coverage.insert(try Coverage.range(from: row.optionalInteger(0), to: row.optionalInteger(1)))
            }
            return coverage
        }
    }

    /// Stores calls together with the coverage that they complete.
    ///
    /// - Parameters:
    ///   - calls: calls of the list; those without a time are left out.
    ///   - covered: the times of beginning for which the list is complete with them.
    ///   - assumesOrder: whether that is so only if the list is ordered, the newest first.
    ///   - recent: the time from which all calls are kept, in seconds since 1970: recordings may still come.
    ///   - epoch: the database that has the calls stored before them.
    package func store(
        _ calls: [CallDescription], covering covered: [Range<Int64>], assumesOrder: Bool = false,
        keepingAllSince recent: Int64, epoch: Int
    ) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            // Without the index of groups, which comes after the first fetch of a list, finding the recordings of a
            // call takes seconds.
            let hasIndex = try EntryIndex.group.isThere(in: writer.database)
            let listed = hasIndex ? try writer.listedTimes(of: Self.kind) : Coverage()
            try writer.store(calls) { started in
                started >= recent || !listed.contains(started..<started + Self.reach)
            }
            guard !covered.isEmpty else { return }
            if assumesOrder, try StoredLists.isUnordered(Self.kind, .calls, in: writer.database) {
                throw ListDisorder.error
            }
            try writer.changeCoverage(of: Self.kind, .calls) { coverage in
                for range in covered { coverage.insert(range) }
            }
        }
    }

    /// Whether a page has shown that the list of calls isn't ordered from newest to oldest.
    package func isUnordered() throws(CatalogError) -> Bool {
        try storage.read { try StoredLists.isUnordered(Self.kind, .calls, in: $0) }
    }

    /// Notes that the list isn't ordered, the newest first: nothing counts that was covered because of its order.
    package func forgetOrder(epoch: Int) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            try writer.changeCoverage(of: Self.kind, .calls) { $0 = .none }
            try writer.noteOrder(of: Self.kind, .calls, isUnordered: true)
        }
    }

    /// Removes calls without recordings whose recordings would be known, among the next calls in the order of SIDs.
    ///
    /// All calls at once would keep other writers waiting for seconds.
    ///
    /// - Parameters:
    ///   - range: the times of beginning of the calls to remove.
    ///   - place: the result of the preceding step; nil to begin.
    ///   - limit: the most calls to look at.
    /// - Returns: the place of the last call that was looked at; nil at the end.
    package func removeIdle(
        _ range: Range<Int64>, after place: SID?, limit: Int
    ) throws(CatalogError) -> SID? {
        try storage.write { writer in
            let first = place.map(SIDDigits.init)
            let last = try writer.database.firstRow(
                of: "SELECT sid FROM call WHERE sid > coalesce(?1, x'') ORDER BY sid LIMIT 1 OFFSET ?2",
                [first, limit - 1]
            ) { $0.digits(0) }
            if let first, let last = last ?? nil, (last.high, last.low) <= (first.high, first.low) {
                // A page of the file that is there twice; the removal would never end.
                throw DatabaseError.damage("call")
            }
            for listed in try writer.listedTimes(of: Self.kind).ranges {
                let end = min(listed.upperBound, range.upperBound).subtractingSaturated(Self.reach)
                let start = max(listed.lowerBound, range.lowerBound)
                if start < end { try writer.removeIdleCalls(start..<end, after: first, through: last ?? nil) }
            }
            return last.flatMap { $0 }.map(SID.init(call:))
        }
    }

    /// The first seconds of the days (UTC) within a range of times on which recordings of calls were created.
    package func daysWithRecordings(in range: Range<Int64>) throws(CatalogError) -> [Int64] {
        let day: Int64 = 86_400
        return try storage.read { database in
            let query = "SELECT min(created) FROM entry WHERE kind = ?1 AND created >= ?2 AND created < ?3"
            var days: Set<Int64> = []
            for kind in MediaKind.ofCalls {
                var next = range.lowerBound
                while next < range.upperBound {
                    let found = try database.firstRow(of: query, [kind.rawValue, next, range.upperBound]) {
                        $0.optionalInteger(0)
                    }
                    guard let created = found ?? nil, Bounds.times.contains(created) else { break }
                    guard created >= next else { throw DatabaseError.damage("entry") }
                    days.insert(created / day * day)
                    next = (created / day + 1) * day
                }
            }
            return days.sorted()
        }
    }

    /// The position of the last stored recording, of those created within a range of times, whose call the catalog
    /// doesn't have; nil when there is none.
    package func lastUnknown(createdIn range: Range<Int64>) throws(CatalogError) -> Int64? {
        try storage.read { database in
            let query = """
                SELECT max(id) FROM entry WHERE kind IN (\(Self.kinds)) AND created >= ?1 AND created < ?2
                    AND group_sid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM call WHERE call.sid = entry.group_sid)
                """
            let found = try database.firstRow(of: query, [range.lowerBound, range.upperBound]) {
                $0.optionalInteger(0)
            }
            return found ?? nil
        }
    }

    /// The calls that the catalog lacks of recordings created since a time, or without a time of creation.
    ///
    /// - Parameters:
    ///   - position: the position of a recording; only later ones count.
    ///   - limit: the most calls: those of the recordings that were stored first.
    /// - Returns: the calls, each with the last time of creation of those recordings.
    package func unknown(
        createdSince time: Int64, after position: Int64, limit: Int
    ) throws(CatalogError) -> [(call: SID, created: Int64?)] {
        try storage.read { database in
            let query = """
                SELECT group_sid, max(created) FROM (
                    SELECT id, group_sid, created FROM entry
                    WHERE kind IN (\(Self.kinds)) AND created >= ?1 AND id > ?2
                    UNION ALL SELECT id, group_sid, NULL FROM entry
                    WHERE kind IN (\(Self.kinds)) AND created IS NULL AND id > ?2)
                WHERE group_sid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM call WHERE call.sid = group_sid)
                GROUP BY group_sid ORDER BY min(id) LIMIT ?3
                """
            var found: [(call: SID, created: Int64?)] = []
            try database.forEachRow(of: query, [time, position, limit]) { row in
                if let digits = row.digits(0) { found.append((SID(call: digits), row.optionalInteger(1))) }
            }
            return found
        }
    }
}
