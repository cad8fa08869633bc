public import Glibc

/// The value of `errno` with which the system refused.
public struct SystemErrorCode: ErrorCode, RawRepresentable {
    /// The value, as errno(3) lists them.
    public let rawValue: Int32

    /// Takes a value of `errno`.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }
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
        self.init(SystemErrorCode(rawValue: number), "\(what): \(String(cString: strerror(number)))")
    }
}
