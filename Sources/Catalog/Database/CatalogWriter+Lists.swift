import GRDB
import TwilioAPI

/// What is remembered of lists as a whole.
extension CatalogWriter {
    /// Changes for which times a list is here, or a pass has met it.
    func changeCoverage(
        of kind: MediaKind, _ purpose: CoveragePurpose, _ change: (inout Coverage) -> Void
    ) throws {
        var coverage = Coverage()
        let select = try RawStatement(database, "SELECT lower, upper FROM coverage WHERE kind = ?1 AND pass = ?2")
        select.bind(1, Int64(kind.rawValue))
        select.bind(2, purpose.rawValue)
        while try select.step() {
            coverage.insert(try Coverage.range(from: select.integer(0), to: select.integer(1)))
        }
        let before = coverage
        change(&coverage)
        guard coverage != before else { return }
        let delete = try RawStatement(database, "DELETE FROM coverage WHERE kind = ?1 AND pass = ?2")
        delete.bind(1, Int64(kind.rawValue))
        delete.bind(2, purpose.rawValue)
        try delete.run()
        let insert = try RawStatement(
            database, "INSERT INTO coverage (kind, pass, lower, upper) VALUES (?1, ?2, ?3, ?4)")
        for range in coverage.ranges {
            insert.bind(1, Int64(kind.rawValue))
            insert.bind(2, purpose.rawValue)
            insert.bind(3, range.lowerBound)
            insert.bind(4, range.upperBound)
            try insert.run()
        }
    }

    /// Notes when something was done with a list; nil leaves as it is.
    func setTimes(of kind: MediaKind, refreshed: Int64? = nil, passed: Int64? = nil, touched: Int64? = nil) throws {
        let update = try RawStatement(
            database,
            """
            UPDATE list SET refreshed = coalesce(?2, refreshed), passed = coalesce(?3, passed),
                touched = coalesce(?4, touched)
            WHERE kind = ?1
            """)
        update.bind(1, Int64(kind.rawValue))
        update.bind(2, refreshed)
        update.bind(3, passed)
        update.bind(4, touched)
        try update.run()
    }

    /// Has what is met from now on count as met by a new pass.
    func beginGeneration(of kind: MediaKind) throws {
        let update = try RawStatement(database, "UPDATE list SET generation = generation + 1 WHERE kind = ?1")
        update.bind(1, Int64(kind.rawValue))
        try update.run()
        // Long enough for every mount to have seen them.
        let prune = try RawStatement(
            database, "DELETE FROM removal WHERE sequence <= (SELECT max(sequence) FROM removal) - 100000")
        try prune.run()
    }

    /// Makes the index that groups are found by.
    func makeGroupIndex() throws {
        try database.execute(sql: Schema.groupIndex)
    }
}
