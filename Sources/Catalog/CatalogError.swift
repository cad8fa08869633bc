public import Support

/// The catalog can't be opened, read or written.
public typealias CatalogError = CodedError<CatalogErrorCode>

/// The reasons why the catalog can't be opened, read or written.
public enum CatalogErrorCode: ErrorCode {
    /// The catalog's folder or file can't be made, or isn't a catalog.
    case unusable

    /// SQLite refused a statement: the disk is full, the file is damaged.
    case database

    /// Another process keeps it for itself.
    case inUse

    /// The list could not be completed, so the directory can't be listed.
    case incompleteList
}
