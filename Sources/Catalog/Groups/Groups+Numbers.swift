import GRDB
public import Support
import TwilioAPI

/// The recordings by telephone number.
extension Groups {
    /// The most calls of a number whose recordings are sorted for each piece of a listing.
    private static let sortedCalls = 1000

    /// The groups with shown recordings, in the order of their numbers.
    ///
    /// - Parameters:
    ///   - place: one more than the stored number of the previous group; 0 to begin.
    ///   - limit: the most groups; fewer only at the end.
    public func numbers(after place: Int64, limit: Int) throws(CatalogError) -> [NumberGroup] {
        try index.want()
        return try storage.read { database in
            // A number may have a million calls, so each step seeks the next number instead of going over all calls.
            let query = """
                SELECT min(number) FROM (
                    SELECT min(from_number) AS number FROM call WHERE from_number >= ?1
                    UNION ALL SELECT min(to_number) FROM call WHERE to_number >= ?1)
                """
            var (groups, next) = ([NumberGroup](), place)
            while groups.count < limit {
                let found = try database.firstRow(of: query, [next]) { $0.optionalInteger(0) }
                guard let number = found ?? nil else { break }
                guard let group = NumberGroup(storedNumber: number) else { throw DatabaseError.damage("call") }
                if try firstCall(of: group, in: database) != nil { groups.append(group) }
                next = number + 1
            }
            return groups
        }
    }

    /// The shown recordings of a group, in the order of their positions.
    ///
    /// - Parameters:
    ///   - position: the position of the previous entry; 0 to begin.
    ///   - limit: the most entries; fewer only at the end.
    public func entries(
        of group: NumberGroup, after position: Int64, limit: Int
    ) throws(CatalogError) -> [CatalogEntry] {
        try index.want()
        let number = group.storedNumber
        let count = try storage.read { database in
            let query = """
                SELECT (SELECT count(*) FROM (SELECT 1 FROM call WHERE from_number = ?1 LIMIT ?2))
                    + (SELECT count(*) FROM (SELECT 1 FROM call WHERE to_number = ?1 LIMIT ?2))
                """
            return try database.firstRow(of: query, [number, Self.sortedCalls + 1]) { $0.integer(0) } ?? 0
        }
        // Few calls lead to their recordings; those of many would have to be sorted again for each piece, so the table
        // of recordings is scanned in its order.
        let condition =
            count <= Self.sortedCalls
            ? """
            kind IN (\(StoredCalls.kinds)) AND group_sid IN (
                SELECT sid FROM call WHERE from_number = ?1 UNION SELECT sid FROM call WHERE to_number = ?1)
            """
            : """
            +kind IN (\(StoredCalls.kinds)) AND group_sid IS NOT NULL AND EXISTS (
                SELECT 1 FROM call WHERE call.sid = entry.group_sid AND (from_number = ?1 OR to_number = ?1))
            """
        return try shown.entries(
            "\(condition) AND id > ?2 AND status IS NULL\(shown.condition()) ORDER BY id LIMIT ?3",
            [number, position, limit])
    }

    /// The first recording of a group's first call; nil when the group has none.
    public func oldest(of group: NumberGroup) throws(CatalogError) -> CatalogEntry? {
        try index.want()
        guard let call = try storage.read({ try firstCall(of: group, in: $0) }) else { return nil }
        return try oldest(of: call, kinds: MediaKind.ofCalls)
    }

    /// The first call of a group that has shown recordings; nil when there is none.
    private func firstCall(of group: NumberGroup, in database: Database) throws -> SID? {
        // Calls far outside of the window have no shown recordings; a number may have a million of them.
        let begin = shown.window.seconds.lowerBound.subtractingSaturated(StoredCalls.reach)
        let end = shown.window.seconds.upperBound.addingSaturated(StoredCalls.reach)
        var first: (started: Int64, sid: SID)?
        for column in ["from_number", "to_number"] {
            let select = try RawStatement(
                database,
                """
                SELECT started, sid FROM call WHERE \(column) = ?1 AND started >= ?2 AND started < ?3 AND EXISTS (
                    SELECT 1 FROM entry WHERE kind IN (\(StoredCalls.kinds)) AND group_sid = call.sid
                        AND status IS NULL\(shown.condition(on: "entry.")))
                ORDER BY started LIMIT 1
                """)
            defer { select.finish() }
            select.bind([group.storedNumber, begin, end])
            shown.window.bind(to: select)
            guard try select.step() else { continue }
            guard let digits = select.digits(1) else { throw DatabaseError.damage("call") }
            let found = (started: select.integer(0), sid: SID(call: digits))
            if first.map({ found.started < $0.started }) ?? true { first = found }
        }
        return first?.sid
    }
}
