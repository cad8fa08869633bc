public import Support

/// The catalog can't be opened, read or written.
public typealias CatalogError = CodedError<CatalogErrorCode>

/// The reasons why the catalog can't be opened, read or written.
public enum CatalogErrorCode: ErrorCode {
    /// The catalog can't be opened: its folder or file can't be used, or a newer version of twiliofs created it.
    case unusable

    /// A query or a change failed, for instance because the disk is full, or the file is damaged or was replaced.
    case database

    /// Another process has locked the catalog.
    case inUse

    /// The list is incomplete, so the directory can't be listed.
    case incompleteList

    /// Twilio refuses the list to the credentials, so the directory can't be listed, complete or not.
    case refusedList

    /// Twilio refuses the list of calls to the credentials, so nothing tells who speaks.
    case refusedCalls
}

extension CatalogError {
    /// Whether Twilio refuses a list of recordings or of calls to the credentials.
    public var isRefusal: Bool { code == .refusedList || code == .refusedCalls }
}
