import FoundationEssentials
public import Support

/// Says why a transfer failed.
///
/// Nothing in it that is printed holds a secret: addresses appear without their query, answers without their body.
public struct TransferError: CausedError {
    /// What kind of failure it is.
    public let code: Code
    /// What is wrong, with which thing, in one sentence.
    public let message: String
    /// The error behind this one.
    public let cause: (any Error)?
    /// The answer that refused, with the start of its body (at most 64 KiB).
    public let response: Response?
    /// The sentence without what holds only as long as the program goes on, such as when a host is asked again.
    public let lastingMessage: String
    /// What libcurl says, without the address; `nil` when the error isn't libcurl's.
    let reason: ForeignText?
    /// What to do about it, as a sentence; `nil` when there is nothing to advise.
    let advice: String?
    /// The host that was asked, where it is known.
    private var host: String?

    /// Makes an error.
    public init(code: Code, message: String, cause: (any Error)? = nil, response: Response? = nil) {
        self.init(code: code, message: message, cause: cause, response: response, reason: nil)
    }

    init(
        code: Code, message: String, lastingMessage: String? = nil, cause: (any Error)? = nil,
        response: Response? = nil, reason: ForeignText?, advice: String? = nil
    ) {
        self.reason = reason
        self.advice = advice
        self.code = code
        self.message = message
        self.lastingMessage = lastingMessage ?? message
        self.cause = cause
        self.response = response
    }

    /// Who was asked, and by which name Twilio's support finds the request.
    public var fields: [String: String] {
        var fields: [String: String] = [:]
        fields["host"] = response?.head.address.url.host() ?? host
        fields["status"] = status.map(String.init)
        fields["request_id"] = response?.head.headers["Twilio-Request-Id"].map { ForeignText($0).description }
        return fields
    }

    /// The same error with an address's host, unless it knows its host already.
    func of(_ address: Address?) -> TransferError {
        guard host == nil, let name = address?.url.host() else { return self }
        var error = self
        error.host = name
        return error
    }

    /// The same error of a request to an origin.
    func of(_ origin: Origin) -> TransferError {
        var error = self
        error.host = origin.bareHost
        return error
    }

    /// The status of the answer that refused.
    public var status: Int? { response?.head.status }

    static let cancelled = TransferError(code: .cancelled, message: "The transfer was cancelled.")
}

extension TransferError: CustomDebugStringConvertible {
    /// True when the transfer was cancelled.
    public var endsUnwantedWork: Bool { code == .cancelled }

    /// True for a refusal where its status is told, and for the end of patience where what failed last is told.
    public func isTold(in text: String) -> Bool {
        guard code == .status || code == .deadlineExceeded else { return false }
        if let status { return text.contains("status \(status)") }
        guard let last = cause as? TransferError else { return false }
        return text.contains(last.message.hasSuffix(".") ? String(last.message.dropLast()) : last.message)
    }

    /// The same as the description: the default would print the answer's body.
    public var debugDescription: String { description }
}

extension TransferError {
    /// A kind of failure.
    ///
    /// More may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case invalidAddress, insecureAddress, nameNotResolved, cannotConnect, certificateRefused, connectionLost
            case hostUnreachable
            case stalled, deadlineExceeded, tooManyRedirects, status, unusableAnswer, changed, protocolViolation,
                bodyTooLarge
            case cancelled, addressUnavailable, invalidConfiguration
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// The code's name, as in the source.
        public var description: String { kind.rawValue }

        /// Not a URL that can be asked, or one with user information in it.
        public static let invalidAddress = Code(.invalidAddress)
        /// Plain http to another machine, or a redirect to such an address or to this machine's loopback.
        public static let insecureAddress = Code(.insecureAddress)
        /// The host's name has no address, or the name servers can't be reached.
        public static let nameNotResolved = Code(.nameNotResolved)
        /// No connection could be made in time.
        public static let cannotConnect = Code(.cannotConnect)
        /// The host couldn't be reached lately and isn't asked again yet; nothing was sent.
        public static let hostUnreachable = Code(.hostUnreachable)
        /// The server's certificate isn't trusted.
        ///
        /// Final: repeating it would only help an attacker.
        public static let certificateRefused = Code(.certificateRefused)
        /// The connection broke before the answer was complete.
        public static let connectionLost = Code(.connectionLost)
        /// The connection brought nothing, or next to nothing, for too long.
        public static let stalled = Code(.stalled)
        /// There was no progress for as long as patience allows; the cause is what failed last.
        public static let deadlineExceeded = Code(.deadlineExceeded)
        /// More than five redirects in a row.
        public static let tooManyRedirects = Code(.tooManyRedirects)
        /// The server refused; see `status`.
        public static let status = Code(.status)
        /// The answer succeeded but can't be what was asked for, such as a page in the place of media.
        public static let unusableAnswer = Code(.unusableAnswer)
        /// The resource isn't the one it was: its entity tag or size differs.
        public static let changed = Code(.changed)
        /// The answer contradicts HTTP, itself or the request.
        ///
        /// To GET it is repeated, like one that can't be used.
        public static let protocolViolation = Code(.protocolViolation)
        /// The answer is longer than the request allows.
        public static let bodyTooLarge = Code(.bodyTooLarge)
        /// The transfer was cancelled, by its receiver, its task or the client's end.
        public static let cancelled = Code(.cancelled)
        /// The source of addresses had none; the cause says why.
        public static let addressUnavailable = Code(.addressUnavailable)
        /// The client or the request is set up in a way that can't work.
        public static let invalidConfiguration = Code(.invalidConfiguration)
    }
}
