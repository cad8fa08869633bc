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
    ///   - recent: the time from which all calls are kept, in seconds since 1970: recordings may still come.
    ///   - epoch: the database that has the calls stored before them.
    package func store(
        _ calls: [CallDescription], covering covered: [Range<Int64>], keepingAllSince recent: Int64, epoch: Int
    ) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            let listed = try writer.listedTimes(of: Self.kind)
            try writer.store(calls) { started in
                started >= recent || !listed.contains(started..<started + Self.reach)
            }
            guard !covered.isEmpty else { return }
            try writer.changeCoverage(of: Self.kind, .calls) { coverage in
                for range in covered { coverage.insert(range) }
            }
        }
    }

    /// Removes times from the coverage.
    package func uncover(_ ranges: [Range<Int64>]) throws(CatalogError) {
        try storage.write { writer in
            try writer.changeCoverage(of: Self.kind, .calls) { coverage in
                for range in ranges { coverage.remove(range) }
            }
        }
    }

    /// Removes calls without recordings whose recordings would be known, in a range of times of beginning.
    package func removeIdle(_ range: Range<Int64>) throws(CatalogError) {
        try storage.write { writer in
            for listed in try writer.listedTimes(of: Self.kind).ranges {
                let end = min(listed.upperBound, range.upperBound).subtractingSaturated(Self.reach)
                let start = max(listed.lowerBound, range.lowerBound)
                if start < end { try writer.removeIdleCalls(start..<end) }
            }
        }
    }

    /// The first seconds of the days (UTC) within a range of times on which recordings of calls were created.
    package func daysWithRecordings(in range: Range<Int64>) throws(CatalogError) -> [Int64] {
        let day: Int64 = 86_400
        return try storage.read { database in
            let query = "SELECT min(created) FROM entry WHERE kind = ?1 AND created >= ?2 AND created < ?3"
            var days: Set<Int64> = []
            for kind in MediaKind.allCases where kind.group == .call {
                var next = range.lowerBound
                while next < range.upperBound {
                    let found = try database.firstRow(of: query, [kind.rawValue, next, range.upperBound]) {
                        $0.optionalInteger(0)
                    }
                    guard let created = found ?? nil, Bounds.times.contains(created) else { break }
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
                SELECT max(id) FROM entry WHERE kind IN (\(Catalog.kindsOfCalls)) AND created >= ?1 AND created < ?2
                    AND group_sid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM call WHERE call.sid = entry.group_sid)
                """
            let found = try database.firstRow(of: query, [range.lowerBound, range.upperBound]) {
                $0.optionalInteger(0)
            }
            return found ?? nil
        }
    }
}
