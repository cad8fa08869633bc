public import Support

/// Mounting or unmounting failed.
public typealias FileSystemError = CodedError<FileSystemErrorCode>

/// The reasons for a ``FileSystemError``.
public enum FileSystemErrorCode: ErrorCode {
    /// The mount point is missing, not a directory, not empty or in use.
    case mountPoint
    /// FUSE is missing or not allowed.
    case unavailable
    /// An option is unknown or not allowed.
    case option
    /// The kernel or fusermount3 refused for another reason.
    case refused
}

extension FileSystemError {
    /// The error for a mount point.
    ///
    /// - Parameter reason: What the path is, or can't be, and the remedy.
    static func mountPoint(_ path: String, _ reason: String) -> FileSystemError {
        FileSystemError(.mountPoint, "the mount point '\(path)' \(reason)")
    }
}
