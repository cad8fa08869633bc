public import Support

/// The file system can't be mounted or unmounted.
public typealias FileSystemError = CodedError<FileSystemErrorCode>

/// The reasons why the file system can't be mounted or unmounted.
public enum FileSystemErrorCode: ErrorCode {
    /// The mount point is missing, not a directory, not empty or in use.
    case mountPoint

    /// There is no FUSE here, or it may not be used.
    case unavailable

    /// An option is unknown or not allowed.
    case option

    /// The kernel or fusermount3 refused for another reason.
    case refused
}
