public import Support

/// The file system can't be mounted or unmounted.
public struct FileSystemError: CausedError {
    /// What went wrong, for code that decides by it.
    public enum Code: Hashable, Sendable {
        /// The mount point is missing, not a directory, not empty or in use.
        case mountPoint

        /// There is no FUSE here, or it may not be used.
        case unavailable

        /// An option is unknown or not allowed.
        case option

        /// The kernel or fusermount3 refused for another reason.
        case refused
    }

    /// What went wrong.
    public let code: Code

    /// One sentence that says what is wrong, with which thing, and what to do.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
