public import Media
public import Support

/// The tree can't do what was asked.
public typealias FileTreeError = CodedError<FileTreeErrorCode>

/// The reasons why the tree can't do what was asked; ``FileSystem`` has the table of errnos.
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
