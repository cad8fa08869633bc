import GRDB
import GRDBSQLite

/// A prepared statement at SQLite's own interface.
///
/// GRDB prepares and keeps it, and owns connection and transaction. Binding and reading go past GRDB's values, which
/// box each of them: with a million rows that is most of the time. A statement belongs to the closure that was given
/// the database, and to its thread.
struct RawStatement {
    /// Keeps the handle valid.
    private let statement: Statement
    private let handle: SQLiteStatement

    /// Prepares a statement, or takes the one that was prepared before.
    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
        sqlite3_reset(handle)
    }

    // MARK: Parameters, counted from 1

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(handle, index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ value: String?) {
        guard var value else {
            sqlite3_bind_null(handle, index)
            return
        }
        value.withUTF8 { bytes in
            // Copied by SQLite (`SQLITE_TRANSIENT`), so the pointer needn't live on.
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(handle, index, characters.baseAddress, Int32(characters.count), transient)
            }
        }
    }

    /// Binds bytes without a copy of them.
    ///
    /// - Parameter bytes: must stay where they are until the statement was run.
    func bind(_ index: Int32, unownedBytes bytes: UnsafeRawBufferPointer) {
        sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil)
    }

    func bind(_ index: Int32, _ digits: SIDDigits?) {
        guard let digits else {
            sqlite3_bind_null(handle, index)
            return
        }
        withUnsafeBytes(of: digits.bigEndian) { bytes in
            _ = sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), transient)
        }
    }

    // MARK: Running

    /// Runs a statement that gives no rows.
    func run() throws {
        while try step() {}
    }

    /// Goes on to the next row; false, and the statement begins anew, when there is none.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW:
            return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        case let code:
            let message = sqlite3_db_handle(handle).flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
            sqlite3_reset(handle)
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Begins anew before all rows were had.
    func finish() {
        sqlite3_reset(handle)
    }

    /// The rows that the latest statement of the connection has inserted or changed.
    var changedRows: Int32 { sqlite3_changes(sqlite3_db_handle(handle)) }

    /// Lets go of all that is bound.
    func clear() {
        sqlite3_clear_bindings(handle)
    }

    // MARK: Columns of the row, counted from 0

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    func text(_ column: Int32) -> String? {
        // Valid until the next step: copied at once.
        sqlite3_column_text(handle, column).map { String(cString: $0) }
    }

    func digits(_ column: Int32) -> SIDDigits? {
        withBytes(column) { bytes in
            guard bytes.count == 16 else { return nil }
            return SIDDigits(bigEndian: bytes.loadUnaligned(as: (UInt64, UInt64).self))
        }
    }

    /// Gives the bytes of a column, which are valid within the closure alone.
    func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        // The pointer has to be asked for before the size (sqlite.org/c3ref/column_blob.html).
        let start = sqlite3_column_blob(handle, column)
        return try body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }
}

/// Has SQLite copy what is bound: the macro `SQLITE_TRANSIENT`, which Swift doesn't import.
private var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
