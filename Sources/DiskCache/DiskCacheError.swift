import Glibc
public import Support

/// The cache can't be opened.
public struct DiskCacheError: CausedError {
    /// What went wrong, for code that decides by it.
    public enum Code: Hashable, Sendable {
        /// The folder can't be made or written to.
        case folder

        /// The index can't be opened: another process has locked it, the disk is full.
        case index

        /// The index is not one, or not one of this version.
        case damagedIndex
    }

    /// What went wrong.
    public let code: Code

    /// One sentence that says what is wrong, with which thing, and what to do.
    public let message: String

    /// The error below this one.
    public let cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

/// A system call failed.
struct SystemError: CausedError {
    /// The value of `errno`.
    let number: Int32

    /// What can't be done, and why.
    let message: String

    /// - Parameter what: what can't be done.
    init(_ what: String, _ number: Int32 = errno) {
        self.number = number
        message = "\(what): \(String(cString: strerror(number)))"
    }

    /// What isn't the cache's own can't be used.
    init(_ refusal: PrivateFile.Refusal) {
        number = if case .system(let number) = refusal.reason { number } else { EPERM }
        message = refusal.description
    }
}
