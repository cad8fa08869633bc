import FoundationEssentials
public import Support

/// A transfer failed.
///
/// Nothing in it that is printed holds a secret: addresses appear without their query, answers without their body.
public typealias TransferError = CodedError<TransferErrorCode>

/// The reasons why a transfer fails.
public enum TransferErrorCode: ErrorCode {
    /// Not a URL that can be asked, or one with user information in it.
    case invalidAddress

    /// Plain http to another machine, or a redirect to such an address or to this machine's loopback.
    case insecureAddress

    /// The host's name has no address, or the name servers can't be reached.
    case nameNotResolved

    /// No connection could be made in time.
    case cannotConnect

    /// The host couldn't be reached lately and isn't asked again yet; nothing was sent.
    case hostUnreachable

    /// The server's certificate isn't trusted.
    ///
    /// Final: repeating it would only help an attacker.
    case certificateRefused

    /// The connection broke before the answer was complete.
    case connectionLost

    /// The connection brought nothing, or next to nothing, for too long.
    case stalled

    /// There was no progress for as long as patience allows; the cause is what failed last.
    case deadlineExceeded

    /// More than five redirects in a row.
    case tooManyRedirects

    /// The server refused; see `status`.
    case status

    /// The answer succeeded but can't be what was asked for, such as a page in the place of media.
    case unusableAnswer

    /// The resource isn't the one it was: its entity tag or size differs.
    case changed

    /// The answer contradicts HTTP, itself or the request.
    ///
    /// To GET it is repeated, like one that can't be used.
    case protocolViolation

    /// The answer is longer than the request allows.
    case bodyTooLarge

    /// The transfer was cancelled, by its receiver, its task or the client's end.
    case cancelled

    /// The source of addresses had none; the cause says why.
    case addressUnavailable

    /// The client or the request is set up in a way that can't work.
    case invalidConfiguration

    /// What an error of a transfer carries besides its sentence.
    public struct Details: Sendable {
        /// The answer that refused, with the start of its body.
        var response: Response?
        /// What is wrong without what holds only as long as the program goes on; `nil` where all of it lasts.
        var lastingFact: String?
        /// What libcurl says, without the address; `nil` when the error isn't libcurl's.
        var reason: ForeignText?
        /// The host that was asked, where it is known.
        var host: String?
    }

    /// True when the transfer was cancelled.
    public var endsUnwantedWork: Bool { self == .cancelled }

    /// The host, the answer's status, and the name by which Twilio's support finds the request.
    public static func fields(of error: TransferError) -> [String: String] {
        var fields: [String: String] = [:]
        fields["host"] = error.response?.head.address.url.host() ?? error.details.host
        fields["status"] = error.status.map(String.init)
        fields["request_id"] = error.response?.head.headers["Twilio-Request-Id"].map { ForeignText($0).description }
        return fields
    }

    /// True for a refusal where its status is told, and for the end of patience where what failed last is told.
    public static func isTold(_ error: TransferError, in text: String) -> Bool {
        guard error.code == .status || error.code == .deadlineExceeded else { return false }
        if let status = error.status { return text.contains("status \(status)") }
        guard let last = error.cause as? TransferError else { return false }
        return text.contains(last.message.hasSuffix(".") ? String(last.message.dropLast()) : last.message)
    }
}

extension TransferError {
    /// The answer that refused, with the start of its body (at most 64 KiB).
    public var response: Response? { details.response }

    /// The status of the answer that refused.
    public var status: Int? { response?.head.status }

    /// The sentence without what holds only as long as the program goes on, such as when a host is asked again.
    public var lastingMessage: String { (details.lastingFact ?? fact).followed(by: remedy) }

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil, response: Response? = nil) {
        self.init(code, message, details: Code.Details(response: response), cause: cause)
    }

    /// The same error with an address's host, unless it knows its host already.
    func of(_ address: Address?) -> TransferError {
        guard details.host == nil, let name = address?.url.host() else { return self }
        var error = self
        error.details.host = name
        return error
    }

    static let cancelled = TransferError(.cancelled, "The transfer was cancelled.")
}
