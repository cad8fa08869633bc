public import Support

/// The simulator can't do what it was asked to.
public typealias SimulatorError = CodedError<SimulatorErrorCode>

/// The reasons why the simulator can't do what it was asked to.
public enum SimulatorErrorCode: ErrorCode {
    /// A file or folder can't be read or written.
    case file

    /// A text given to the simulator (JSON, PEM, date, option) has no meaning.
    case input

    /// libcrypto refused an operation.
    case cryptography

    /// The server can't listen.
    case network

    /// No resource has the SID that was named.
    case unknownResource
}
