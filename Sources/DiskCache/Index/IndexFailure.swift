import GRDB
import Support

/// The index can't be read or changed.
typealias IndexFailure = CodedError<IndexFailureCode>

/// The reasons why the index can't be read or changed.
enum IndexFailureCode: ErrorCode {
    /// It is not an intact index, and has to be made anew.
    case damaged

    /// It is locked, the disk is full, or a block's file can't be removed; a later attempt may succeed.
    case unavailable

    /// Classifies an error of SQLite.
    init(_ error: DatabaseError) {
        self =
            switch error.resultCode {
            // The errors of SQLite for other files, and for statements that don't match the tables.
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT,
                .SQLITE_MISMATCH:
                .damaged
            default: .unavailable
            }
    }
}

extension IndexFailure {
    /// Wraps an error, unless it is an index failure already.
    init(_ error: any Error) {
        if let failure = error as? IndexFailure {
            self = failure
        } else if let error = error as? DatabaseError {
            self.init(IndexFailureCode(error), error.message ?? "\(error.resultCode)")
        } else if let error = error as? RowDecodingError {
            // A value of another type than its column's: a page of the file was changed.
            self.init(.damaged, "it has values of other types than its columns", cause: error)
        } else {
            self.init(.unavailable, "\(error)", cause: error)
        }
    }

    /// Runs a body, and wraps its errors.
    static func wrapping<Value>(_ body: () throws -> Value) throws(IndexFailure) -> Value {
        do { return try body() } catch { throw IndexFailure(error) }
    }
}
