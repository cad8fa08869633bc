import GRDB
import Support

/// The index can't be asked or changed.
typealias IndexFailure = CodedError<IndexFailureCode>

/// The reasons why the index can't be asked or changed.
enum IndexFailureCode: ErrorCode {
    /// It isn't an index, or not a whole one: it has to be made anew.
    case damaged

    /// It is locked, the disk is full, a file of a block can't be removed: later it may work.
    case unavailable

    /// Tells what SQLite's refusal means for the index.
    init(_ error: DatabaseError) {
        self =
            switch error.resultCode {
            // What SQLite says of other files, and of statements that don't fit the tables that are there.
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT,
                .SQLITE_MISMATCH:
                .damaged
            default: .unavailable
            }
    }
}

extension IndexFailure {
    /// Takes an error for one of the index, unless it is one already.
    init(_ error: any Error) {
        if let failure = error as? IndexFailure {
            self = failure
        } else if let error = error as? DatabaseError {
            self.init(IndexFailureCode(error), error.message ?? "\(error.resultCode)")
        } else {
            self.init(.unavailable, "\(error)", cause: error)
        }
    }
}
