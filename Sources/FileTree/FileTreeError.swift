public import Media
public import Support
import TwilioAPI

/// An error of the tree, for an answer with an errno.
public typealias FileTreeError = CodedError<FileTreeErrorCode>

/// The kinds of the tree's errors; ``FileSystem`` has the table of errnos.
public enum FileTreeErrorCode: ErrorCode {
    /// No such file, no such recording.
    case notFound

    /// The inode number means nothing any more.
    case stale

    /// A directory where a file is wanted.
    case isDirectory

    /// A file where a directory is wanted.
    case notDirectory

    /// A link where a file is wanted, or something else where a link is.
    case invalid

    /// The tree can't be changed.
    case readOnly

    /// The mode doesn't allow it.
    case permissionDenied

    /// No such extended attribute.
    case noAttribute

    /// The list or the catalog can't be read; the cause says why.
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
    static func missing(_ name: String) -> FileTreeError {
        FileTreeError(.notFound, "there is no '\(name)' here")
    }

    /// The catalog failed, or its source.
    static func catalog(_ error: any Error) -> FileTreeError {
        FileTreeError(.inputOutput, "The catalog can't be read.", cause: error)
    }

    /// The catalog was exchanged between an answer and what it follows from.
    static var interrupted: FileTreeError {
        FileTreeError(.inputOutput, "the catalog was found damaged while it was read")
    }
}

/// Called once with the answer of the tree, at once or later on another thread.
public typealias TreeCompletion<Value> = @Sendable (Result<Value, FileTreeError>) -> Void
