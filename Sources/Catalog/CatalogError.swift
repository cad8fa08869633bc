public import Support

/// The catalog can't be opened, read or written.
public typealias CatalogError = CodedError<CatalogErrorCode>

/// The reasons why the catalog can't be opened, read or written.
public enum CatalogErrorCode: ErrorCode {
    /// The catalog's folder or file can't be created, or isn't a catalog.
    case unusable

    /// SQLite refused a statement, for instance because the disk is full or the file is damaged.
    case database

    /// Another process has locked the catalog.
    case inUse

    /// The list is incomplete, so the directory can't be listed.
    case incompleteList

    /// Twilio refuses the list to the credentials, so the directory can't be listed, complete or not.
    case refusedList
}
