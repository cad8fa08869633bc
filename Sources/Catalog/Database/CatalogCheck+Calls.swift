import GRDB
import Support
import TwilioAPI

/// Checking the tables of calls and conferences.
extension CatalogCheck {
    /// The number of rows between two polls of `isWanted`.
    private static let callStride: Int64 = 4096

    /// Checks every row of both tables, their numbers, and their indexes: about a microsecond for each call.
    func checkCalls(_ database: Database, while isWanted: () -> Bool) throws {
        var numbers: [String: CallSum] = ["from_number": CallSum(), "to_number": CallSum()]
        var (count, last) = (Int64(0), nil as SIDDigits?)
        try database.forEachRow(of: "\(CallRow.select) NOT INDEXED ORDER BY sid") { row in
            let call = try CallRow(row)
            // A damaged file may contain a page twice, out of order.
            guard last.map({ ($0.high, $0.low) < (call.digits.high, call.digits.low) }) ?? true else {
                throw DatabaseError.damage("call")
            }
            last = call.digits
            numbers["from_number"]?.add(call.digits, NumberGroup(call.call.from).storedNumber, call.started)
            numbers["to_number"]?.add(call.digits, NumberGroup(call.call.to).storedNumber, call.started)
            count += 1
            if count % Self.callStride == 0, !isWanted() { throw CancellationError() }
        }
        try checkCount(of: .call, count, database)
        for (column, index) in [("from_number", "call_by_from"), ("to_number", "call_by_to")] {
            var sum = CallSum()
            let query = "SELECT sid, \(column), started FROM call INDEXED BY \(index) WHERE \(column) >= 0"
            try database.forEachRow(of: query) { row in
                guard let digits = row.digits(0) else { throw DatabaseError.damage("call") }
                sum.add(digits, row.integer(1), row.integer(2))
            }
            guard sum == numbers[column] else { throw DatabaseError.damage("call") }
        }
        try checkConferences(database)
    }

    private func checkConferences(_ database: Database) throws {
        var (count, sum) = (Int64(0), CallSum())
        let strays = """
            SELECT conference.id, conference.sid, conference.checksum, entry.id IS NULL
            FROM conference NOT INDEXED LEFT JOIN entry ON entry.id = conference.id
                AND entry.kind IN (\(StoredCalls.kinds))
            """
        try database.forEachRow(of: strays) { row in
            let conference = try ConferenceRow(row)
            guard row.integer(3) == 0 else { throw DatabaseError.damage("conference") }
            sum.add(conference.digits, conference.id, 0)
            count += 1
        }
        try checkCount(of: .conference, count, database)
        var indexed = CallSum()
        let query = "SELECT id, sid FROM conference INDEXED BY conference_by_sid WHERE sid >= x''"
        try database.forEachRow(of: query) { row in
            guard let digits = row.digits(1) else { throw DatabaseError.damage("conference") }
            indexed.add(digits, row.integer(0), 0)
        }
        guard sum == indexed else { throw DatabaseError.damage("conference") }
    }

    private func checkCount(of table: CountedTable, _ count: Int64, _ database: Database) throws {
        let query = "SELECT count FROM row_count WHERE name = ?1"
        let stored = try database.firstRow(of: query, [table.rawValue]) { $0.optionalInteger(0) }
        guard stored == count else { throw DatabaseError.damage(table.rawValue) }
    }
}

/// An order-independent sum over rows, to compare a table with its index.
private struct CallSum: Equatable {
    private var count = 0
    private var sum: UInt64 = 0

    init() {}

    mutating func add(_ digits: SIDDigits, _ number: Int64, _ time: Int64) {
        var checksum = RowChecksum()
        checksum.add(digits as SIDDigits?)
        checksum.add(number as Int64?)
        checksum.add(time as Int64?)
        sum &+= UInt64(bitPattern: checksum.value)
        count += 1
    }
}
