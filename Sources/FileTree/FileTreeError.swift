import Catalog
public import Media
public import Support
import TwilioAPI

/// An error of the tree, for an answer with an errno.
public typealias FileTreeError = CodedError<FileTreeErrorCode>

/// The codes of the tree's errors; ``FileSystem`` maps them to errnos.
public enum FileTreeErrorCode: ErrorCode {
    /// No such file, no such recording.
    case notFound
    /// The inode number isn't valid any more.
    case stale
    /// A directory instead of a file.
    case isDirectory
    /// A file instead of a directory.
    case notDirectory
    /// A link instead of a file, or another node instead of a link.
    case invalid
    /// The tree can't be changed.
    case readOnly
    /// The mode doesn't allow it.
    case permissionDenied
    /// Twilio refuses the list to the credentials; see the cause.
    case refused
    /// No such extended attribute.
    case noAttribute
    /// The list or the catalog can't be read; see the cause.
    case inputOutput
    /// The file's media can't be opened or read.
    case media(MediaErrorCode)
}

extension FileTreeError {
    /// A recording was deleted at Twilio.
    static func gone(_ sid: SID, cause: (any Error)? = nil) -> FileTreeError {
        FileTreeError(.stale, "\(sid) is not in the account any more", cause: cause)
    }

    /// A directory has no entry with a name.
    static func missing(_ name: String) -> FileTreeError { FileTreeError(.notFound, "there is no '\(name)' here") }

    /// The catalog failed, or its source.
    package static func catalog(_ error: any Error) -> FileTreeError {
        FileTreeError(.inputOutput, "The catalog can't be read.", cause: error)
    }

    /// A list can't be shown.
    static func list(_ error: CatalogError) -> FileTreeError {
        FileTreeError(error.code == .refusedList ? .refused : .inputOutput, error.message, cause: error)
    }

    /// The catalog was exchanged during a query.
    static var interrupted: FileTreeError {
        FileTreeError(.inputOutput, "the catalog was found damaged while it was read")
    }
}

/// Called once with the answer of the tree, at once or later on another thread.
public typealias TreeCompletion<Value> = @Sendable (Result<Value, FileTreeError>) -> Void
