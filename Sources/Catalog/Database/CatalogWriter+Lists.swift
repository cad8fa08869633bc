import GRDB
import TwilioAPI

extension CatalogWriter {
    func changeCoverage(of kind: MediaKind, _ purpose: CoveragePurpose, _ change: (inout Coverage) -> Void) throws {
        var coverage = Coverage()
        let ranges = try Row.fetchAll(
            database, sql: "SELECT lower, upper FROM coverage WHERE kind = ? AND pass = ?",
            arguments: [kind.rawValue, purpose.rawValue])
        for range in ranges {
            coverage.insert(try Coverage.range(from: range.integer(0), to: range.integer(1)))
        }
        let before = coverage
        change(&coverage)
        guard coverage != before else { return }
        try database.execute(
            sql: "DELETE FROM coverage WHERE kind = ? AND pass = ?", arguments: [kind.rawValue, purpose.rawValue])
        for range in coverage.ranges {
            try database.execute(
                sql: "INSERT INTO coverage (kind, pass, lower, upper) VALUES (?, ?, ?, ?)",
                arguments: [kind.rawValue, purpose.rawValue, range.lowerBound, range.upperBound])
        }
    }

    /// Notes whether a list is in another order than the newest first.
    func noteOrder(of kind: MediaKind, _ purpose: CoveragePurpose, isUnordered: Bool) throws {
        let statement =
            isUnordered
            ? "INSERT INTO unordered (kind, pass) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            : "DELETE FROM unordered WHERE kind = ?1 AND pass = ?2"
        try RawStatement(database, statement).run([kind.rawValue, purpose.rawValue])
    }

    func setTimes(of kind: MediaKind, refreshed: Int64? = nil, passed: Int64? = nil, touched: Int64? = nil) throws {
        try database.execute(
            sql: """
                UPDATE list SET refreshed = coalesce(?, refreshed), passed = coalesce(?, passed),
                    touched = coalesce(?, touched)
                WHERE kind = ?
                """,
            arguments: [refreshed, passed, touched, kind.rawValue])
    }

    /// Starts a new pass: resources stored from now on count as seen by it.
    func beginGeneration(of kind: MediaKind) throws {
        try database.execute(
            sql: "UPDATE list SET generation = generation + 1 WHERE kind = ?", arguments: [kind.rawValue])
        // Every mount has read a removal long before a hundred thousand others follow.
        try database.execute(
            sql: "DELETE FROM removal WHERE sequence <= (SELECT max(sequence) FROM removal) - 100000")
    }
}
