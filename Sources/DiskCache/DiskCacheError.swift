import Glibc
public import Support

/// The cache can't be opened, read or cleared.
public typealias DiskCacheError = CodedError<DiskCacheErrorCode>

/// The reasons why the cache can't be opened, read or cleared.
public enum DiskCacheErrorCode: ErrorCode {
    /// The folder can't be created or written to, or other users can change it.
    case folder

    /// The index can't be used at present, for instance because it is locked or the disk is full.
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
