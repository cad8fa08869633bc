public import Support

/// An address can't be asked.
///
/// Nothing in it is a secret: addresses appear without their query.
public typealias AddressError = CodedError<AddressErrorCode>

/// The reasons why an address can't be asked.
public enum AddressErrorCode: ErrorCode {
    /// Not a URL that can be asked, or one with user information in it.
    case invalid

    /// Plain http to another machine, or a redirect to such an address or to this machine's loopback.
    case insecure
}

extension TransferError {
    /// The error of a transfer that is to go to such an address.
    init(_ error: AddressError) {
        self.init(error.code == .insecure ? .insecureAddress : .invalidAddress, error.message)
    }
}
