public import Glibc

/// The value of `errno` with which the system refused.
///
/// The calls of swift-system throw untyped errors, and openat(2), flock(2), waitpid(2), poll(2) and preadv(2) aren't
/// among them: with it, every place that makes a system call here gets longer.
public struct SystemErrorCode: ErrorCode, RawRepresentable, CustomStringConvertible {
    /// The value, as errno(3) lists them.
    public let rawValue: Int32

    /// Takes a value of `errno`.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The value that the last call of this thread has left.
    public static var current: SystemErrorCode { SystemErrorCode(rawValue: errno) }

    /// The system's text for it.
    public var description: String { String(cString: strerror(rawValue)) }
}

/// A system call failed.
public typealias SystemError = CodedError<SystemErrorCode>

extension SystemError {
    /// Makes the error of a system call.
    ///
    /// - Parameters:
    ///   - what: What can't be done.
    ///   - number: The value of `errno`.
    public init(_ what: String, _ number: Int32 = errno) {
        let code = SystemErrorCode(rawValue: number)
        self.init(code, "\(what): \(code)")
    }
}
