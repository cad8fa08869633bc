import Glibc
public import Support

/// The cache can't be opened.
public typealias DiskCacheError = CodedError<DiskCacheErrorCode>

/// The reasons why the cache can't be opened.
public enum DiskCacheErrorCode: ErrorCode {
    /// The folder can't be created or written to.
    case folder

    /// The index can't be opened: it is locked, or the disk is full.
    case index

    /// The index is damaged, or has another version.
    case damagedIndex
}

extension SystemError {
    /// Makes the error of a file that was rejected: `EPERM`, unless a system call failed.
    init(_ refusal: PrivateFile.Refusal) {
        let number = if case .system(let number) = refusal.code { number } else { EPERM }
        self.init(SystemErrorCode(rawValue: number), refusal.message)
    }
}
