import GRDB
import Support
package import TwilioAPI

/// The stored states of lists, and the queries that keep lists up to date.
package struct StoredLists: Sendable {
    private let storage: CatalogStorage

    private let single: SingleAnswers

    init(in storage: CatalogStorage, _ single: SingleAnswers) {
        self.storage = storage
        self.single = single
    }

    /// When a page is requested that is requested now.
    package func pageTime() throws(CatalogError) -> PageTime {
        let answer = single.latest
        let removal = try storage.read { try $0.integer("SELECT coalesce(max(sequence), 0) FROM removal") }
        return PageTime(answer: answer, removal: removal)
    }

    package func state(of kind: MediaKind) throws(CatalogError) -> StoredListState {
        try storage.readTogether { try Self.state(of: kind, in: $0) }
    }

    private static func state(of kind: MediaKind, in database: Database) throws -> StoredListState {
        var state = StoredListState(coverage: .none, passCoverage: .none)
        let rows = try Row.fetchAll(
            database, sql: "SELECT pass, lower, upper FROM coverage WHERE kind = ?", arguments: [kind.rawValue])
        for row in rows {
            let range = try Coverage.range(from: row.integer(1), to: row.integer(2))
            switch row.integer(0).flatMap(CoveragePurpose.init(rawValue:)) {
            case .list: state.coverage.insert(range)
            case .pass: state.passCoverage.insert(range)
            case .passed: state.passedTimes.insert(range)
            case .calls, nil: break
            }
        }
        let times = try Row.fetchOne(
            database, sql: "SELECT refreshed, passed, touched FROM list WHERE kind = ?", arguments: [kind.rawValue])
        state.isUnordered = try isUnordered(kind, .list, in: database)
        guard let times else { return state }
        (state.refreshed, state.passed, state.touched) = (times.time(0), times.time(1), times.time(2))
        return state
    }

    /// Stores resources together with the coverage that they complete.
    ///
    /// What was stored or removed alone since a page was requested isn't taken from the page.
    ///
    /// - Parameters:
    ///   - covered: the creation times for which the list is complete with them.
    ///   - assumesOrder: whether that is so only if the list is ordered, the newest first.
    ///   - epoch: the number of the database that has the resources stored before them.
    package func store(
        _ prepared: [PreparedResources], covering covered: [Range<Int64>] = [], of kind: MediaKind,
        for purpose: CoveragePurpose = .list, assumesOrder: Bool = false, now: Int64, epoch: Int
    ) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            try writer.store(prepared, leavingOut: OvertakenRows(prepared, single, in: writer))
            guard !covered.isEmpty else { return }
            if assumesOrder, try Self.isUnordered(kind, .list, in: writer.database) { throw ListDisorder.error }
            // The catalog has everything that a pass has covered.
            for purpose in Set([purpose, .list]) {
                try writer.changeCoverage(of: kind, purpose) { coverage in
                    for range in covered { coverage.insert(range) }
                }
            }
            if purpose == .pass { try writer.setTimes(of: kind, touched: now) }
        }
    }

    /// Notes that a list isn't ordered, the newest first: nothing counts that was covered because of its order.
    package func forgetOrder(of kind: MediaKind, epoch: Int) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            for purpose in [CoveragePurpose.list, .pass] {
                try writer.changeCoverage(of: kind, purpose) { $0 = .none }
            }
            try writer.noteOrder(of: kind, .list, isUnordered: true)
        }
    }

    /// Notes that a pass over the whole list has found it ordered, the newest first.
    package func regainOrder(of kind: MediaKind, epoch: Int) throws(CatalogError) {
        try storage.write(in: epoch) { try $0.noteOrder(of: kind, .list, isUnordered: false) }
    }

    static func isUnordered(_ kind: MediaKind, _ purpose: CoveragePurpose, in database: Database) throws -> Bool {
        let query = "SELECT 1 FROM unordered WHERE kind = ?1 AND pass = ?2"
        return try database.firstRow(of: query, [kind.rawValue, purpose.rawValue]) { _ in true } ?? false
    }

    /// Notes a refresh up to the present.
    ///
    /// The time of the last refresh holds for all that the list covers. So what a refresh of a part left out, although
    /// it may have changed since the one before, isn't covered any more.
    ///
    /// - Parameter ranges: the creation times that it left out.
    package func noteRefresh(
        of kind: MediaKind, at time: Int64, leavingOut ranges: [Range<Int64>] = [], epoch: Int
    ) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            try writer.changeCoverage(of: kind, .list) { coverage in
                for range in ranges { coverage.remove(range) }
            }
            try writer.setTimes(of: kind, refreshed: time)
        }
    }

    /// Notes that a list of which nothing was covered was fetched: it counts as a pass, and up to the present as a
    /// refresh.
    ///
    /// - Parameter times: the creation times that were fetched.
    package func noteFill(
        of kind: MediaKind, over times: Range<Int64>, begun time: Int64, epoch: Int
    ) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            try writer.changeCoverage(of: kind, .passed) { $0 = Coverage([times]) }
            try writer.setTimes(of: kind, refreshed: times.upperBound == .max ? time : nil, passed: time)
        }
    }

    /// The creation time of a kind's newest resource, of any status, shown or not, in seconds since 1970; nil for none.
    package func newestResource(of kind: MediaKind) throws(CatalogError) -> Int64? {
        try storage.read { database in
            try Row.fetchOne(
                database, sql: "SELECT max(created) FROM entry WHERE kind = ?", arguments: [kind.rawValue]
            )?.time(0)
        }
    }

    /// Begins a pass or continues an abandoned one, unless another mount makes one or has just made one.
    ///
    /// An abandoned one that has covered all of the times isn't continued: the list was fetched too long ago to tell
    /// what it lacks.
    ///
    /// - Parameters:
    ///   - times: the creation times to cover; a completed pass over all of them counts, whatever else it covered.
    ///   - lease: the seconds for which a pass counts as running after its last progress.
    ///   - interval: the seconds for which a completed pass counts.
    package func beginPass(
        over kind: MediaKind, createdIn times: Range<Int64>, now: Int64, lease: Int64, interval: Int64, epoch: Int
    ) throws(CatalogError) -> PassStart {
        func isWithin(_ seconds: Int64, of time: Int64) -> Bool {
            time <= now && now.subtractingSaturated(time) < seconds
        }
        // One transaction: of two mounts that begin at once, the second sees that the first has begun.
        return try storage.write(in: epoch) { writer in
            let state = try Self.state(of: kind, in: writer.database)
            if let passed = state.passed(over: times), isWithin(interval, of: passed) { return .completed(passed) }
            if let touched = state.touched, isWithin(lease, of: touched) { return .running }
            let isNew = state.passCoverage.isEmpty || state.passCoverage.contains(times)
            if isNew {
                try writer.changeCoverage(of: kind, .pass) { $0 = .none }
                try writer.beginGeneration(of: kind)
            }
            try writer.setTimes(of: kind, touched: now)
            return .begun(isNew ? .none : state.passCoverage)
        }
    }

    /// Ends the lease of a pass that failed, so that any mount may go on with it.
    package func abandonPass(over kind: MediaKind, epoch: Int) throws(CatalogError) {
        try storage.write(in: epoch) { try $0.setTimes(of: kind, touched: 0) }
    }

    /// The resources of a kind that the latest pass hasn't seen, in the order of their positions.
    package func unseen(of kind: MediaKind, within seconds: Range<Int64>) throws(CatalogError) -> [SID] {
        try storage.read { database in
            let query = """
                SELECT sid FROM entry WHERE kind = ?1 AND generation < (SELECT generation FROM list WHERE kind = ?1)
                    AND coalesce(created >= ?2 AND created < ?3, ?4) ORDER BY id
                """
            // A pass over a part of the times can't see a resource without a time.
            let isOfAllTimes = seconds == Int64.min..<Int64.max
            let values: [(any StatementValue)?] = [
                kind.rawValue, seconds.lowerBound, seconds.upperBound, isOfAllTimes ? 1 : 0,
            ]
            var found: [SID] = []
            try database.forEachRow(of: query, values) { row in
                if let digits = row.digits(0) { found.append(SID(digits, of: kind)) }
            }
            return found
        }
    }

    /// Ends a pass that has covered some creation times.
    package func endPass(
        over kind: MediaKind, createdIn times: Range<Int64>, now: Int64, epoch: Int
    ) throws(CatalogError) {
        try storage.write(in: epoch) { writer in
            try writer.changeCoverage(of: kind, .passed) { $0 = Coverage([times]) }
            try writer.changeCoverage(of: kind, .pass) { $0 = .none }
            try writer.setTimes(of: kind, passed: now, touched: 0)
        }
    }

    /// The resources of a kind that were unfinished when they were stored, in the order of their positions.
    package func unfinished(
        of kind: MediaKind, createdBefore time: Int64, after position: Int64, limit: Int
    ) throws(CatalogError) -> [(sid: SID, position: Int64)] {
        try storage.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT sid, id FROM entry INDEXED BY entry_unfinished
                    WHERE kind = ? AND id > ? AND status IS NOT NULL AND status NOT IN ('deleted', 'failed', 'absent')
                        AND (created < ? OR created IS NULL)
                    ORDER BY id LIMIT ?
                    """,
                arguments: [kind.rawValue, position, time, limit])
            return rows.compactMap { row in
                guard let digits = row.digits(0), let position = row.integer(1) else { return nil }
                return (SID(digits, of: kind), position)
            }
        }
    }
}
