import FoundationEssentials
public import Support

/// A transfer failed; messages show addresses without their query and responses without their body, so no secrets.
public typealias TransferError = CodedError<TransferErrorCode>

/// The reasons for a ``TransferError``.
public enum TransferErrorCode: ErrorCode {
    /// Not a usable URL, or one with user information.
    case invalidAddress
    /// Plain http to another machine, or a redirect to such an address or to this machine's loopback.
    case insecureAddress
    /// The host's name has no address, or the name servers are unreachable.
    case nameNotResolved
    /// No connection could be made in time.
    case cannotConnect
    /// The host was unreachable lately and isn't tried again yet; nothing was sent.
    case hostUnreachable
    /// The server's certificate isn't trusted; never repeated, which would only help an attacker.
    case certificateRefused
    /// The connection broke before the response was complete.
    case connectionLost
    /// The connection brought no bytes, or too few, for too long.
    case stalled
    /// Patience ended without progress; the cause is the last failure.
    case deadlineExceeded
    /// More than five redirects in a row.
    case tooManyRedirects
    /// The server refused; see `status`.
    case status
    /// The response succeeded but isn't the requested resource, such as a page instead of media.
    case unusableAnswer
    /// The resource has changed: its entity tag or size differs.
    case changed
    /// The response contradicts HTTP, itself or the request; repeated for GET, like an unusable response.
    case protocolViolation
    /// The response is longer than the request allows.
    case bodyTooLarge
    /// The transfer was cancelled by its receiver, its task or the client's end.
    case cancelled
    /// The source had no address; the cause says why.
    case addressUnavailable
    /// There was no credential to send; nothing was sent, and the cause says why.
    case credentialUnavailable
    /// The settings of the client or the request are invalid.
    case invalidConfiguration

    /// The details of a transfer's error.
    public struct Details: Sendable {
        /// The response that refused, with the start of its body.
        var response: Response?
        /// The fact without the parts that are soon out of date; nil when there are none.
        var lastingFact: String?
        /// libcurl's reason, without the address; nil for errors of other origin.
        var reason: ForeignText?
        /// The host, where known.
        var host: String?
        /// The form of the authorization that the response refused.
        var refusedForm: Authorization.Form?
        /// The user name that the refused request carried, if any.
        var refusedUser: String?
        /// The server's identifier of the request.
        var requestIdentifier: ForeignText?
        /// Whether the failure passes by itself, although its status doesn't say so.
        var isTransient = false
    }

    /// Whether the transfer was cancelled.
    public var endsUnwantedWork: Bool { self == .cancelled }

    /// The host, the status, and the server's identifier of the request.
    public static func fields(of error: TransferError) -> [String: String] {
        var fields: [String: String] = [:]
        fields["host"] = error.response?.head.address.url.host() ?? error.details.host
        fields["status"] = error.status.map(String.init)
        fields["request_id"] = (error.details.requestIdentifier ?? error.response?.head.requestIdentifier)?.description
        return fields
    }

    /// Whether the text contains a refusal's status, or the last failure before the end of patience.
    public static func isTold(_ error: TransferError, in text: String) -> Bool {
        guard error.code == .status || error.code == .deadlineExceeded else { return false }
        if let status = error.status { return text.contains("status \(status)") }
        guard let last = error.cause as? TransferError else { return false }
        return text.contains(last.message.hasSuffix(".") ? String(last.message.dropLast()) : last.message)
    }
}

extension TransferError {
    /// The response that refused, with the start of its body (at most 64 KiB).
    public var response: Response? { details.response }
    /// The status of the response that refused.
    public var status: Int? { response?.head.status }
    /// The form of the authorization that the server refused, newly obtained where that is possible, or doesn't let do
    /// this (403).
    public var refusedForm: Authorization.Form? { details.refusedForm }
    /// The user name of the credential with which the refused request was sent, an API key's SID for instance.
    public var refusedUser: String? { details.refusedUser }
    /// The message without the parts that are soon out of date, such as the time of the next attempt.
    public var lastingMessage: String { (details.lastingFact ?? fact).followed(by: remedy) }

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil, response: Response? = nil) {
        self.init(code, message, details: Code.Details(response: response), cause: cause)
    }

    /// This error with an address's host, unless it has a host.
    func of(_ address: Address?) -> TransferError {
        guard details.host == nil, let name = address?.url.host() else { return self }
        var error = self
        error.details.host = name
        return error
    }

    /// This error with the server's identifier of the request, unless it has one.
    func identified(by identifier: ForeignText?) -> TransferError {
        guard let identifier, details.requestIdentifier == nil, response == nil else { return self }
        var error = self
        error.details.requestIdentifier = identifier
        return error
    }

    /// The error of a request that can't be sent because its provider has no credential.
    static func noCredential(
        for target: Address, within time: Duration? = nil, cause: (any Error)? = nil
    ) -> TransferError {
        let within = time.map { " within \($0)" } ?? ""
        return TransferError(
            .credentialUnavailable, "There was no credential for \(target)\(within).", cause: cause)
    }

    static let cancelled = TransferError(.cancelled, "The transfer was cancelled.")
}

extension Error {
    /// Whether this error or one of its causes is the end of a transfer's patience.
    var endedWithItsPatience: Bool {
        var error: (any Error)? = self
        for _ in 0..<10 {
            if (error as? TransferError)?.code == .deadlineExceeded { return true }
            error = (error as? any CausedError)?.cause
        }
        return false
    }
}
