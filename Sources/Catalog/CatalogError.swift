public import Support

/// The catalog could not be opened, read or written.
public struct CatalogError: CausedError {
    /// What went wrong, for code that decides by it.
    public enum Code: Hashable, Sendable {
        /// The catalog's folder or file can't be made, or isn't a catalog.
        case unusable

        /// SQLite refused a statement: the disk is full, the file is damaged.
        case database

        /// Another process keeps it for itself.
        case inUse

        /// The list could not be completed, so the directory can't be told.
        case incompleteList
    }

    /// What went wrong.
    public let code: Code

    /// One sentence that says what is wrong, with which thing, and what to do.
    public let message: String

    /// The error below this one.
    public let cause: (any Error)?

    /// Makes an error.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
