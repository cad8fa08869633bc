public import Support

/// An address can't be used; messages show addresses without their query, so without secrets.
public typealias AddressError = CodedError<AddressErrorCode>

/// The reasons for an ``AddressError``.
public enum AddressErrorCode: ErrorCode {
    /// Not a usable URL, or one with user information.
    case invalid
    /// Plain http to another machine, or a redirect to such an address or to this machine's loopback.
    case insecure
}

extension TransferError {
    /// The error of a transfer to such an address.
    init(_ error: AddressError) {
        self.init(error.code == .insecure ? .insecureAddress : .invalidAddress, error.message)
    }
}
