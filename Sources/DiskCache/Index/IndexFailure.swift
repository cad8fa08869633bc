import GRDB

/// The index can't be asked or changed.
struct IndexFailure: Error, Sendable, CustomStringConvertible {
    enum Code: Hashable, Sendable {
        /// It isn't an index, or not a whole one: it has to be made anew.
        case damaged

        /// It is locked, the disk is full, a file of a block can't be removed: later it may work.
        case unavailable
    }

    let code: Code
    let description: String
    let cause: any Error

    init(_ error: any Error) {
        if let failure = error as? IndexFailure {
            self = failure
            return
        }
        cause = error
        guard let error = error as? DatabaseError else {
            code = .unavailable
            description = "\(error)"
            return
        }
        description = error.message ?? "\(error.resultCode)"
        code =
            switch error.resultCode {
            // What SQLite says of other files, and of statements that don't fit the tables that are there.
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT,
                .SQLITE_MISMATCH:
                .damaged
            default: .unavailable
            }
    }
}
