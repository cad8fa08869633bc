/// Describes why the simulator couldn't do what it was asked to.
public struct SimulatorError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure, for programs.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the code, stable between versions.
        public let description: String

        /// A file or folder can't be read or written.
        public static let file = Code(description: "file")
        /// A text given to the simulator (JSON, PEM, date, option) has no meaning.
        public static let input = Code(description: "input")
        /// libcrypto refused an operation.
        public static let cryptography = Code(description: "cryptography")
        /// The server can't listen.
        public static let network = Code(description: "network")
        /// No resource has the SID that was named.
        public static let unknownResource = Code(description: "unknown-resource")
    }

    /// What kind of failure this is.
    public let code: Code
    /// What is wrong, with which thing, and what to do, in one sentence.
    public let message: String
    /// The error underneath, if there is one.
    public let cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message, followed by the cause's.
    public var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}
