import GRDB
import TwilioAPI

/// Inserts consecutive entries at little more than SQLite's own cost.
///
/// Most parameters are the same for all entries of a list, and stay bound. SIDs are overwritten in place, where SQLite
/// reads them.
struct EntryInsertion: ~Copyable {
    private let statement: RawStatement
    /// The digits of the recording's and its group's SIDs, 16 bytes each; bound to the statement until ``deinit``.
    private let digits: UnsafeMutableRawBufferPointer

    private var form: PreparedResources.Form?
    private var generation: Int64?
    private var hasGroup: Bool?

    init(_ database: Database) throws {
        statement = try RawStatement(
            database,
            """
            INSERT INTO entry
                (id, kind, sid, status, created, format, json_size, integrity, generation, group_sid, updated,
                    checksum, requirement)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING
            """)
        digits = .allocate(byteCount: 32, alignment: 8)
        statement.bind(3, unownedBytes: UnsafeRawBufferPointer(rebasing: digits[..<16]))
    }

    deinit {
        // GRDB keeps the statement, which must not keep pointers to freed memory.
        statement.clear()
        digits.deallocate()
    }

    /// Inserts an entry, and returns false if it exists already; `requirement` is the number of the form's requirement.
    mutating func insert(
        _ row: PreparedResources.Row, _ form: PreparedResources.Form, requirement: Int64?, at position: Int64,
        generation: Int64
    ) throws -> Bool {
        bind(form, requirement, generation)
        digits.storeBytes(of: row.digits.bigEndian, as: (UInt64, UInt64).self)
        bind(group: row.group)
        statement.bind(1, position)
        statement.bind(5, row.created)
        statement.bind(7, row.jsonSize)
        statement.bind(11, row.updated)
        let entry = EntryRow(
            id: position, kind: form.kind, digits: row.digits, status: form.status, created: row.created,
            updated: row.updated, format: form.format, jsonSize: row.jsonSize, size: nil, integrity: form.integrity,
            group: row.group, requirement: requirement)
        statement.bind(12, entry.checksum)
        try statement.run()
        return statement.changedRows > 0
    }

    private mutating func bind(_ form: PreparedResources.Form, _ requirement: Int64?, _ generation: Int64) {
        if self.form != form {
            statement.bind(2, Int64(form.kind.rawValue))
            statement.bind(4, form.status.column)
            statement.bind(6, form.format)
            statement.bind(8, form.integrity.code)
            statement.bind(13, requirement)
            self.form = form
        }
        if self.generation != generation {
            statement.bind(9, generation)
            self.generation = generation
        }
    }

    private mutating func bind(group: SIDDigits?) {
        if let group { digits.storeBytes(of: group.bigEndian, toByteOffset: 16, as: (UInt64, UInt64).self) }
        guard hasGroup != (group != nil) else { return }
        if group != nil {
            statement.bind(10, unownedBytes: UnsafeRawBufferPointer(rebasing: digits[16...]))
        } else {
            statement.bind(10, nil as Int64?)
        }
        hasGroup = group != nil
    }
}
