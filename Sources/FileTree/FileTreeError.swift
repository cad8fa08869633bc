public import Support
import TwilioAPI

/// An error of the tree, for an answer with an errno.
public struct FileTreeError: CausedError {
    /// The kind of error; ``FileSystem`` has the table of errnos.
    public enum Code: Hashable, Sendable {
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

        /// The private key that would open the file isn't held.
        case keyNotHeld

        /// No such extended attribute.
        case noAttribute

        /// Network, catalog or content failed; the log says how.
        case inputOutput
    }

    /// The kind of error.
    public let code: Code

    /// One sentence that says what is wrong, with which thing.
    public let message: String

    /// The error below this one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
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
