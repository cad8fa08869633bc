import Glibc
public import Support

/// The cache can't be opened.
public typealias DiskCacheError = CodedError<DiskCacheErrorCode>

/// The reasons why the cache can't be opened.
public enum DiskCacheErrorCode: ErrorCode {
    /// The folder can't be made or written to.
    case folder

    /// The index can't be opened: another process has locked it, the disk is full.
    case index

    /// The index is not one, or not one of this version.
    case damagedIndex
}

extension SystemError {
    /// A file or folder that isn't the cache's own can't be used.
    init(_ refusal: PrivateFile.Refusal) {
        let number = if case .system(let number) = refusal.code { number } else { EPERM }
        self.init(SystemErrorCode(rawValue: number), refusal.message)
    }
}
