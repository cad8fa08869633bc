import Catalog
public import Media
public import Support
import TwilioAPI

/// An error of the file tree.
public typealias FileTreeError = CodedError<FileTreeErrorCode>

/// The codes of the file tree's errors; the module `FileSystem` maps them to errnos.
public enum FileTreeErrorCode: ErrorCode {
    /// There is no such file or recording.
    case notFound
    /// The inode number isn't known, or its node no longer exists.
    case stale
    /// The node is a directory, but the operation needs a file.
    case isDirectory
    /// The node isn't a directory, but the operation needs one.
    case notDirectory
    /// The operation needs a file but the node is a symbolic link, or needs a symbolic link but the node isn't one.
    case invalid
    /// The tree can't be changed.
    case readOnly
    /// Twilio refuses the list to the credentials; see the cause.
    case refused
    /// The node has no such extended attribute.
    case noAttribute
    /// The list or the catalog can't be read; see the cause.
    case inputOutput
    /// The file's media can't be opened or read.
    case media(MediaErrorCode)
}

extension FileTreeError {
    /// The error for a recording that the account doesn't have, usually because it was deleted at Twilio.
    static func gone(_ sid: SID, cause: (any Error)? = nil) -> FileTreeError {
        FileTreeError(.stale, "\(sid) is not in the account any more", cause: cause)
    }

    /// The error for a recording that the account has, but whose media is being made or was deleted.
    static func unfinished(_ sid: SID, cause: (any Error)? = nil) -> FileTreeError {
        FileTreeError(.stale, "\(sid) is in the account, but it has no media, since it isn't completed", cause: cause)
    }

    /// The error for a call, a room, a conference or a telephone number that the kernel knows, without recordings.
    static func empty(_ name: String) -> FileTreeError { FileTreeError(.stale, "\(name) has no recordings") }

    /// The error for what the catalog doesn't have while its lists are incomplete.
    static func unlisted(_ subject: String) -> FileTreeError {
        FileTreeError(.inputOutput, "\(subject) is not in the catalog, whose lists aren't complete")
    }

    /// The error for a name that a directory doesn't contain.
    static func missing(_ name: String) -> FileTreeError { FileTreeError(.notFound, "there is no '\(name)' here") }

    /// The error for a catalog that can't be read.
    static func catalog(_ error: CatalogError) -> FileTreeError {
        FileTreeError(.inputOutput, "the catalog can't be read", cause: error)
    }

    /// The error for a name that was neither found in the catalog nor could be requested from Twilio.
    static func lookup(_ error: any Error) -> FileTreeError {
        if let error = error as? CatalogError { return .catalog(error) }
        return FileTreeError(.inputOutput, "Twilio can't be asked for a recording", cause: error)
    }

    /// The error for a list that can't be shown.
    static func list(_ error: CatalogError) -> FileTreeError {
        FileTreeError(error.isRefusal ? .refused : .inputOutput, error.message, cause: error)
    }

    /// The error for a catalog that was found damaged and replaced while it was read.
    static var interrupted: FileTreeError {
        FileTreeError(.inputOutput, "the catalog was found damaged while it was read")
    }
}

/// Receives the result of an operation exactly once: before the operation returns, or later on another thread.
public typealias TreeCompletion<Value> = @Sendable (Result<Value, FileTreeError>) -> Void
