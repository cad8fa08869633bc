import GRDB
import GRDBSQLite
import TwilioAPI

/// A prepared statement at SQLite's own interface.
///
/// GRDB prepares and caches it, and owns connection and transaction. Binding and reading bypass GRDB's boxed values,
/// which would take most of the time with a million rows. A statement belongs to the closure that received the
/// database, and to its thread.
struct RawStatement {
    /// Keeps the handle valid.
    private let statement: Statement
    private let handle: SQLiteStatement

    /// Prepares a statement, or reuses a cached one.
    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
        sqlite3_reset(handle)
    }

    // MARK: Parameters, counted from 1

    /// Binds a value; nil is null.
    func bind<Value: StatementValue>(_ index: Int32, _ value: Value?) {
        if let value { value.bind(to: handle, index) } else { sqlite3_bind_null(handle, index) }
    }

    /// Binds bytes without copying them; they must stay in place until the statement has run.
    func bind(_ index: Int32, unownedBytes bytes: UnsafeRawBufferPointer) {
        sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil)
    }

    /// Binds values to the parameters 1, 2, and so on; nil is null.
    func bind(_ values: [(any StatementValue)?]) {
        for (index, value) in zip(Int32(1)..., values) {
            if let value { value.bind(to: handle, index) } else { sqlite3_bind_null(handle, index) }
        }
    }

    func clear() { sqlite3_clear_bindings(handle) }

    // MARK: Running

    /// Runs a statement that returns no rows; binds the values, if any, to its first parameters.
    func run(_ values: [(any StatementValue)?] = []) throws {
        bind(values)
        while try step() {}
    }

    /// Advances to the next row; after the last one, resets the statement and returns false.
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

    /// Resets the statement, even if rows are left.
    func finish() { sqlite3_reset(handle) }

    /// The number of rows changed by the connection's latest statement.
    var changedRows: Int32 { sqlite3_changes(sqlite3_db_handle(handle)) }

    // MARK: Columns of the row, counted from 0

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    /// The kind with the column's number; nil when there is none.
    func kind(_ column: Int32) -> MediaKind? { MediaKind(rawValue: Int(truncatingIfNeeded: integer(column))) }

    func text(_ column: Int32) -> String? {
        // The pointer is valid only until the next step.
        sqlite3_column_text(handle, column).map { String(cString: $0) }
    }

    func digits(_ column: Int32) -> SIDDigits? {
        withBytes(column) { bytes in
            guard bytes.count == 16 else { return nil }
            return SIDDigits(bigEndian: bytes.loadUnaligned(as: (UInt64, UInt64).self))
        }
    }

    /// Passes the bytes of a column, which are valid only within the closure.
    func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        // The pointer must be requested before the size (sqlite.org/c3ref/column_blob.html).
        let start = sqlite3_column_blob(handle, column)
        return try body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }
}

extension Database {
    /// Runs a query whose first parameters have the given values, and passes each row to a closure.
    func forEachRow(
        of query: String, _ values: [(any StatementValue)?] = [], _ body: (RawStatement) throws -> Void
    ) throws {
        let select = try RawStatement(self, query)
        defer { select.finish() }
        select.bind(values)
        while try select.step() { try body(select) }
    }

    /// Runs a query whose first parameters have the given values, and reads its first row; nil when there is none.
    func firstRow<Value>(
        of query: String, _ values: [(any StatementValue)?] = [], _ body: (RawStatement) throws -> Value
    ) throws -> Value? {
        let select = try RawStatement(self, query)
        defer { select.finish() }
        select.bind(values)
        return try select.step() ? try body(select) : nil
    }
}

/// A value that a statement's parameter can have.
protocol StatementValue {
    func bind(to statement: SQLiteStatement, _ index: Int32)
}

extension Int64: StatementValue {
    func bind(to statement: SQLiteStatement, _ index: Int32) { sqlite3_bind_int64(statement, index, self) }
}

extension Int: StatementValue {
    func bind(to statement: SQLiteStatement, _ index: Int32) { sqlite3_bind_int64(statement, index, Int64(self)) }
}

extension String: StatementValue {
    func bind(to statement: SQLiteStatement, _ index: Int32) {
        var text = self
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(statement, index, characters.baseAddress, Int32(characters.count), transient)
            }
        }
    }
}

extension SIDDigits: StatementValue {
    func bind(to statement: SQLiteStatement, _ index: Int32) {
        withUnsafeBytes(of: bigEndian) { bytes in
            _ = sqlite3_bind_blob64(statement, index, bytes.baseAddress, UInt64(bytes.count), transient)
        }
    }
}

/// The macro `SQLITE_TRANSIENT`, which Swift doesn't import: SQLite copies the bound value.
private var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
