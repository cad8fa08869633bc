public import Glibc

/// The `errno` value of a failed system call.
///
/// swift-system isn't used: its calls throw untyped errors, and it lacks openat(2), flock(2), waitpid(2), poll(2) and
/// preadv(2), so every system call here would get longer.
public struct SystemErrorCode: ErrorCode, RawRepresentable, CustomStringConvertible {
    /// The value, as in errno(3).
    public let rawValue: Int32

    /// Takes a value of `errno`.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The value that the thread's last call has left.
    public static var current: SystemErrorCode { SystemErrorCode(rawValue: errno) }
    /// The text of strerror(3).
    public var description: String { String(cString: strerror(rawValue)) }
}

/// A system call failed.
public typealias SystemError = CodedError<SystemErrorCode>

extension SystemError {
    /// Makes an error from a failure ("no thread can be started") and a value of `errno`.
    public init(_ failure: String, _ number: Int32 = errno) {
        let code = SystemErrorCode(rawValue: number)
        self.init(code, "\(failure): \(code)")
    }
}
