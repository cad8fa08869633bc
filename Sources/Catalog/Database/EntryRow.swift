import GRDB
import Support
import TwilioAPI

/// A row of the table `entry`, without its generation, validated on reading.
struct EntryRow: Equatable {
    let id: Int64
    let kind: MediaKind
    let digits: SIDDigits
    let status: ResourceStatus
    let created: Int64?
    let updated: Int64?
    let format: String
    let jsonSize: Int64
    var size: Int64?
    var integrity: StoredIntegrity
    let group: SIDDigits?

    /// The number of the requirement for reading the media.
    var requirement: Int64?

    /// The columns that ``init(_:)`` reads, in its order.
    static let columns = """
        id, kind, sid, status, created, updated, format, json_size, size, integrity, group_sid, requirement,
        checksum
        """

    /// The valid positions of entries: more than will ever be assigned, and as many as the view by date can encode.
    static let positions: ClosedRange<Int64> = 1...((1 << 44) - 1)

    private var isPossible: Bool {
        Self.positions.contains(id) && Bounds.sizes.contains(jsonSize) && size.map(Bounds.sizes.contains) ?? true
            && created.map(Bounds.times.contains) ?? true
            && updated.map(Bounds.times.contains) ?? true && kind.formats.contains(format)
    }

    /// The tally that counts the row.
    var tally: TallyChanges.Key { TallyChanges.Key(kind: kind, status: status, integrity: integrity) }

    var checksum: Int64 {
        var checksum = RowChecksum()
        checksum.add(UInt64(bitPattern: id))
        checksum.add(UInt64(kind.rawValue))
        checksum.add(digits as SIDDigits?)
        checksum.add(status.column)
        checksum.add(created)
        checksum.add(updated)
        checksum.add(format as String?)
        checksum.add(UInt64(bitPattern: jsonSize))
        checksum.add(size)
        checksum.add(UInt64(bitPattern: integrity.code))
        checksum.add(group)
        checksum.add(requirement)
        return checksum.value
    }
}

extension EntryRow {
    /// Reads a row; throws that the database is damaged unless the row is as it was written.
    init(_ row: RawStatement) throws {
        try self.init(unchecked: row)
        guard checksum == row.integer(12) else { throw DatabaseError.damage("entry") }
    }

    /// Reads a row without comparing its checksum.
    init(unchecked row: RawStatement) throws {
        guard let kind = row.kind(1), let digits = row.digits(2),
            let integrity = StoredIntegrity(stored: row.integer(9))
        else { throw DatabaseError.damage("entry") }
        self.init(
            id: row.integer(0), kind: kind, digits: digits, status: ResourceStatus(column: row.text(3)),
            created: row.optionalInteger(4), updated: row.optionalInteger(5), format: row.text(6) ?? "",
            jsonSize: row.integer(7), size: row.optionalInteger(8), integrity: integrity, group: row.digits(10),
            requirement: row.optionalInteger(11))
        // Each status has one stored form; queries rely on that of completed recordings.
        guard isPossible, status.column == row.text(3) else { throw DatabaseError.damage("entry") }
    }
}

extension DatabaseError {
    /// The error of a row that was changed since it was written, or written by another program.
    static func damage(_ table: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row of the table '\(table)' is invalid")
    }
}
