public import FoundationEssentials
public import Support
public import Transfer

/// A request to Twilio's API failed.
public typealias TwilioError = CodedError<TwilioErrorCode>

/// The reasons for a failed request to Twilio's API.
public enum TwilioErrorCode: ErrorCode {
    /// There is no such resource, or it has no media (404).
    case notFound
    /// The credentials are wrong or don't reach this resource (401, 403).
    case unauthorized
    /// The credentials don't reach every list that is to be shown (401, 403, 404).
    case listsRefused
    /// There are no credentials for the request; nothing was sent.
    case credentialMissing
    /// Twilio refused or failed for another reason (any other status).
    case refused
    /// Twilio could not be reached, or didn't respond in time.
    case unreachable
    /// The response contradicts the documentation.
    case malformedAnswer
    /// A setting of this program is wrong: an address, a region, a SID.
    case invalidConfiguration

    /// The details from Twilio's response.
    public struct Details: Sendable {
        /// Twilio's error number.
        let twilioCode: Int?
        /// The HTTP status.
        let status: Int?
        /// The host that refused.
        var host: String?
        /// Its reason in words.
        var reason: ForeignText?
        /// The user name of the refused credential: an account's SID or an API key's.
        var user: String?
    }

    /// The log field with Twilio's error number.
    public static func fields(of error: TwilioError) -> [String: String] {
        error.twilioCode.map { ["twilio_error": "\($0)"] } ?? [:]
    }
}

extension TwilioError {
    /// Twilio's error number, 20404 for instance, if the response had one.
    public var twilioCode: Int? { details.twilioCode }
    /// The HTTP status, if there was a response.
    public var status: Int? { details.status }

    /// The user name of the refused credential, an API key's SID for instance; nil where it isn't known.
    public var user: String? { details.user }

    /// Whether Twilio itself says that there is no such resource: a 404 with Twilio's error number in its body.
    ///
    /// Proxies, gateways and captive portals answer 404 too, so the status alone doesn't mean that a resource is gone.
    public var isTwiliosNotFound: Bool { code == .notFound && twilioCode == Self.resourceNotFound }

    /// Whether Twilio refuses what was asked for, so that a repetition is of no use: 401, 403 and 404.
    ///
    /// Asked for a list, it means that the credentials don't reach the list.
    public var isRefusal: Bool { code == .unauthorized || code == .notFound }

    /// Twilio's error number for a resource that doesn't exist.
    private static let resourceNotFound = 20404

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, remedy: String? = nil, twilioCode: Int? = nil, status: Int? = nil,
        cause: (any Error)? = nil
    ) {
        self.init(
            code, message, remedy: remedy, details: Code.Details(twilioCode: twilioCode, status: status), cause: cause)
    }

    /// Translates a failed transfer.
    ///
    /// - Parameters:
    ///   - error: The transfer's error.
    ///   - subject: The thing requested, as the beginning of a sentence: "the list of compositions".
    ///   - now: The time on this machine.
    public init(_ error: TransferError, subject: String, now: Date = Date()) {
        guard let status = error.status else {
            switch error.code {
            case .insecureAddress, .invalidAddress:
                // `Endpoints` checks the configured addresses, so this one comes from a server.
                self.init(.malformedAnswer, error.message, cause: error)
            case .deadlineExceeded:
                // The last failure says more than the end of the wait.
                let reason = (error.cause as? TransferError)?.message ?? error.message
                self.init(.unreachable, "\(subject) could not be fetched: \(reason)", cause: error)
            case .credentialUnavailable:
                self.init(withoutCredential: error, subject: subject)
            default:
                self.init(.unreachable, "\(subject) could not be fetched: \(error.message)", cause: error)
            }
            return
        }
        let document = ErrorDocument(error.response?.body ?? [])
        let code: Code =
            switch status {
            case 404: .notFound
            case 401, 403: .unauthorized
            default: .refused
            }
        let host = error.response?.head.address.url.host() ?? "the server"
        let isTokenRefused = error.refusedForm == .bearer && document.code != KnownRefusal.unsigned
        let remedy = document.code.flatMap {
            KnownRefusal.remedy(twilioCode: $0, clockLead: error.response?.head.headers.lead(of: now))
        }
        guard !isTokenRefused || status == 403 || remedy != nil else {
            let number = document.code.map { "error \($0), " } ?? ""
            self.init(
                .unauthorized,
                "\(host) doesn't accept OAuth tokens of this client: it refused \(subject) although the token was new"
                    + " (\(number)status \(status))",
                remedy: "use an API key or the auth token for it, or check that the client belongs to the account",
                details: Code.Details(
                    twilioCode: document.code, status: status, host: host,
                    reason: "OAuth tokens of this client aren't accepted there", user: error.refusedUser),
                cause: error)
            return
        }
        // A status of 5xx is a failure, not a refusal.
        let deed = status >= 500 ? "failed to send" : isTokenRefused ? "refused the OAuth client" : "refused"
        let reason = document.message.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
        let numbers = document.code.map { "error \($0), status \(status)" } ?? "status \(status)"
        self.init(
            code, "\(host) \(deed) \(subject)\(reason) (\(numbers))",
            remedy: remedy ?? (isTokenRefused ? "give the client the permission for it, or use an API key" : nil),
            details: Code.Details(
                twilioCode: document.code, status: status, host: host, reason: document.message,
                user: error.refusedUser),
            cause: error)
    }

    /// The error of a request that wasn't sent for want of a credential, which the provider's error explains.
    private init(withoutCredential error: TransferError, subject: String) {
        guard let reason = error.cause as? TwilioError else {
            self.init(.unreachable, "\(subject) could not be fetched: \(error.message)", cause: error)
            return
        }
        self.init(reason.code, reason.fact, remedy: reason.remedy, details: reason.details, cause: reason.cause)
    }
}
