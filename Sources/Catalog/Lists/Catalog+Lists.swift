import GRDB
import Support
package import TwilioAPI

/// What the catalog remembers of a list as a whole.
package struct ListRecord: Hashable, Sendable {
    /// For which times of creation the list is in the catalog.
    package var coverage: Coverage

    /// As far as the running pass that looks for what has gone has come.
    package var passCoverage: Coverage

    /// When the list was last asked for what is new, in seconds since 1970; nil for never.
    package var refreshed: Int64?

    /// When a pass over all of it was last completed.
    package var passed: Int64?

    /// When the running pass last went on, of whichever mount.
    package var touched: Int64?
}

/// Which of a list's two coverages is meant; the number in the database.
package enum CoveragePurpose: Int64, Sendable {
    /// What is in the catalog.
    case list = 0

    /// What the running pass that looks for what has gone has met.
    case pass = 1
}

/// An item that other mounts have to forget.
package struct Removal: Hashable, Sendable {
    /// Its place among all removals.
    package let sequence: Int64
    package let entry: RemovedEntry
}

/// The lists and how far they are here.
extension Catalog {
    /// What is remembered of a list.
    package func list(of kind: MediaKind) throws(CatalogError) -> ListRecord {
        try readTogether { database in
            var record = ListRecord(coverage: .none, passCoverage: .none)
            let ranges = try RawStatement(database, "SELECT pass, lower, upper FROM coverage WHERE kind = ?1")
            ranges.bind(1, Int64(kind.rawValue))
            while try ranges.step() {
                let range = try Coverage.range(from: ranges.integer(1), to: ranges.integer(2))
                switch CoveragePurpose(rawValue: ranges.integer(0)) {
                case .list: record.coverage.insert(range)
                case .pass: record.passCoverage.insert(range)
                case nil: break
                }
            }
            let times = try RawStatement(database, "SELECT refreshed, passed, touched FROM list WHERE kind = ?1")
            times.bind(1, Int64(kind.rawValue))
            guard try times.step() else { return record }
            defer { times.finish() }
            (record.refreshed, record.passed, record.touched) = (times.time(0), times.time(1), times.time(2))
            return record
        }
    }

    /// Stores resources together with what they complete.
    ///
    /// - Parameters:
    ///   - covered: the times for which the list has been met with them.
    ///   - epoch: the database in which what was met before them is.
    package func store(
        _ prepared: [PreparedResources], covering covered: [Range<Int64>] = [], of kind: MediaKind,
        for purpose: CoveragePurpose = .list, now: Int64, epoch: Int
    ) throws(CatalogError) {
        try write(in: epoch) { writer in
            try writer.store(prepared)
            guard !covered.isEmpty else { return }
            // What a pass has met is here too.
            for purpose in Set([purpose, .list]) {
                try writer.changeCoverage(of: kind, purpose) { coverage in
                    for range in covered { coverage.insert(range) }
                }
            }
            if purpose == .pass { try writer.setTimes(of: kind, touched: now) }
        }
    }

    /// Takes back that times were met.
    package func uncover(_ ranges: [Range<Int64>], of kind: MediaKind, for purpose: CoveragePurpose)
        throws(CatalogError)
    {
        try write { writer in
            try writer.changeCoverage(of: kind, purpose) { coverage in
                for range in ranges { coverage.remove(range) }
            }
        }
    }

    /// Notes when a list was asked for what is new.
    package func noteRefresh(of kind: MediaKind, at time: Int64, epoch: Int) throws(CatalogError) {
        try write(in: epoch) { try $0.setTimes(of: kind, refreshed: time) }
    }

    /// Notes that a list was brought here from its beginning to its end, which makes it as good as refreshed and gone
    /// over.
    package func noteFill(of kind: MediaKind, begun time: Int64, epoch: Int) throws(CatalogError) {
        try write(in: epoch) { try $0.setTimes(of: kind, refreshed: time, passed: time) }
    }

    /// When the newest resource of a kind was made, in whatever state, shown or not; nil when there is none.
    package func newestResource(of kind: MediaKind) throws(CatalogError) -> Int64? {
        try read { database in
            let select = try RawStatement(database, "SELECT max(created) FROM entry WHERE kind = ?1")
            select.bind(1, Int64(kind.rawValue))
            defer { select.finish() }
            return try select.step() ? select.time(0) : nil
        }
    }

    /// Begins a pass that looks for what has gone, unless one is under way, which is gone on with.
    package func beginPass(over kind: MediaKind, now: Int64) throws(CatalogError) {
        let isNew = try list(of: kind).passCoverage.isEmpty
        try write { writer in
            if isNew { try writer.beginGeneration(of: kind) }
            try writer.setTimes(of: kind, touched: now)
        }
    }

    /// The resources of a kind that the latest pass hasn't met, in the order of their positions.
    package func unmet(of kind: MediaKind, within seconds: Range<Int64>) throws(CatalogError) -> [SID] {
        try read { database in
            let select = try RawStatement(
                database,
                """
                SELECT sid FROM entry WHERE kind = ?1 AND generation < (SELECT generation FROM list WHERE kind = ?1)
                    AND coalesce(created >= ?2 AND created < ?3, ?4) ORDER BY id
                """)
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, seconds.lowerBound)
            select.bind(3, seconds.upperBound)
            // One that tells no time is met only when all times are.
            select.bind(4, seconds == Int64.min..<Int64.max ? 1 : 0)
            var found: [SID] = []
            while try select.step() {
                if let digits = select.digits(0) { found.append(SID(digits, of: kind)) }
            }
            return found
        }
    }

    /// Ends a pass that has met the whole list.
    package func endPass(over kind: MediaKind, now: Int64, epoch: Int) throws(CatalogError) {
        try write(in: epoch) { writer in
            try writer.changeCoverage(of: kind, .pass) { $0 = .none }
            try writer.setTimes(of: kind, passed: now)
        }
    }

    /// The resources of a kind that were still being made when they were met, in the order of their positions.
    package func unfinished(
        of kind: MediaKind, createdBefore time: Int64, after position: Int64, limit: Int
    ) throws(CatalogError) -> [(sid: SID, position: Int64)] {
        try read { database in
            let select = try RawStatement(
                database,
                """
                SELECT sid, id FROM entry
                WHERE kind = ?1 AND id > ?2 AND status IS NOT NULL AND status NOT IN ('deleted', 'failed', 'absent')
                    AND (created < ?4 OR created IS NULL)
                ORDER BY id LIMIT ?3
                """)
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, position)
            select.bind(3, Int64(limit))
            select.bind(4, time)
            var found: [(sid: SID, position: Int64)] = []
            while try select.step() {
                if let digits = select.digits(0) { found.append((SID(digits, of: kind), select.integer(1))) }
            }
            return found
        }
    }

    /// What has gone since, in the order in which it went.
    package func removals(after sequence: Int64, limit: Int) throws(CatalogError) -> [Removal] {
        try read { database in
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
    package func latestRemoval() throws(CatalogError) -> Int64 {
        try read { database in
            let select = try RawStatement(database, "SELECT coalesce(max(sequence), 0) FROM removal")
            defer { select.finish() }
            return try select.step() ? select.integer(0) : 0
        }
    }
}
