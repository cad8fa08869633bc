import FoundationEssentials
public import Support
public import Transfer

/// A request to Twilio's API failed.
public typealias TwilioError = CodedError<TwilioErrorCode>

/// The reasons why a request to Twilio's API fails.
public enum TwilioErrorCode: ErrorCode {
    /// There is no such resource, or no media of it (404).
    case notFound

    /// The credentials are wrong or don't reach this resource (401, 403).
    case unauthorized

    /// There are no credentials for what was asked for; nothing was sent.
    case credentialMissing

    /// Twilio refused for another reason.
    case refused

    /// Twilio could not be reached, or didn't answer in time.
    case unreachable

    /// The answer isn't what the documentation says.
    case malformedAnswer

    /// A setting of this program is wrong: an address, a region, a SID.
    case invalidConfiguration

    /// What Twilio's answer adds to an error.
    public struct Details: Sendable {
        /// Twilio's own error number.
        let twilioCode: Int?

        /// The HTTP status.
        let status: Int?
    }

    /// Twilio's error number.
    public static func fields(of error: TwilioError) -> [String: String] {
        error.twilioCode.map { ["twilio_error": "\($0)"] } ?? [:]
    }
}

extension TwilioError {
    /// Twilio's own error number, 20404 for instance, if the answer had one.
    public var twilioCode: Int? { details.twilioCode }

    /// The HTTP status, if there was an answer.
    public var status: Int? { details.status }

    /// Whether Twilio itself says that there is no such resource: a 404 with Twilio's own number in its body.
    ///
    /// A 404 alone, or with a page of text, is also what a proxy, a gateway or a captive portal answers. Nothing may be
    /// taken for deleted because of that.
    public var isTwiliosNotFound: Bool { code == .notFound && twilioCode == Self.resourceNotFound }

    /// Twilio's error number for a resource that doesn't exist.
    private static let resourceNotFound = 20404

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, twilioCode: Int? = nil, status: Int? = nil, cause: (any Error)? = nil
    ) {
        self.init(code, message, details: Code.Details(twilioCode: twilioCode, status: status), cause: cause)
    }

    /// Translates a failed transfer.
    ///
    /// - Parameters:
    ///   - error: what the transfer ended with.
    ///   - subject: what was asked for, as it begins a sentence: "the list of compositions".
    public init(_ error: TransferError, subject: String) {
        guard let status = error.status else {
            switch error.code {
            case .insecureAddress, .invalidAddress:
                // Addresses that were configured can be asked (``Endpoints``): a server has told this one.
                self.init(.malformedAnswer, error.message, cause: error)
            case .deadlineExceeded:
                // What failed again and again says more than that patience has ended.
                let reason = (error.cause as? TransferError)?.message ?? error.message
                self.init(.unreachable, "\(subject) could not be fetched: \(reason)", cause: error)
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
        // With a status of 5xx it has failed, and refused nothing.
        let deed = status >= 500 ? "failed to send" : "refused"
        let reason = document.message.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
        let numbers = document.code.map { "error \($0), status \(status)" } ?? "status \(status)"
        self.init(
            code, "\(host) \(deed) \(subject)\(reason) (\(numbers))", twilioCode: document.code, status: status,
            cause: error)
    }
}
