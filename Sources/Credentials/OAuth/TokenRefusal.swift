import FoundationEssentials
import Support
import Transfer
import TwilioAPI

/// The answer of an OAuth service that gives out no token (RFC 6749, 5.2).
///
/// Of its texts, messages repeat only the error's name and number: a service might repeat the secret in a sentence.
enum TokenRefusal {
    /// The error of a request for a token.
    static func error(_ error: TransferError, host: String, client: OAuthClient) -> TwilioError {
        guard let response = error.response else {
            guard error.code == .bodyTooLarge else { return TwilioError(error, subject: "an OAuth token of \(host)") }
            return foreign("\(host) sends too much for an OAuth token", cause: error)
        }
        let status = response.head.status
        let document = try? JSONDecoder().decode(Document.self, from: Data(response.body))
        let parts = [document?.name, document?.number.map { "error \($0)" }, "status \(status)"].compactMap(\.self)
        let details = parts.joined(separator: ", ")
        switch status {
        case 400, 401, 403:
            return TwilioError(
                .unauthorized, "\(host) gives out no token for the OAuth client \(client.identifier) (\(details))",
                remedy: "check --client-id and the secret in --client-secret-file", twilioCode: document?.number,
                status: status, cause: error)
        case 408, 425, 429, 500...:
            return TwilioError(
                .refused, "\(host) \(status >= 500 ? "failed to give out" : "refused") an OAuth token (\(details))",
                twilioCode: document?.number, status: status, cause: error)
        default:
            // The secret isn't sent anywhere else, so redirects aren't followed.
            let deed = (300..<400).contains(status) ? "redirects instead of giving out" : "doesn't give out"
            return foreign("\(host) \(deed) an OAuth token (\(details))", status: status, cause: error)
        }
    }

    /// The error of an answer that is hardly an OAuth service's.
    static func foreign(_ fact: String, status: Int? = nil, cause: (any Error)? = nil) -> TwilioError {
        TwilioError(
            .malformedAnswer, fact, remedy: "check --oauth-url, and for a login page in the network", status: status,
            cause: cause)
    }

    private struct Document: Decodable {
        /// The error's name, such as `invalid_client`; nil for a text that isn't a short word.
        let name: String?
        /// Twilio's error number.
        let number: Int?

        private enum Key: String, CodingKey {
            case error, code
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            let text = try? container.decodeIfPresent(String.self, forKey: .error)
            name = text.flatMap { text in
                let isWord = text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 0x5f }
                return isWord && (1...32).contains(text.utf8.count) ? text : nil
            }
            let number = try? container.decodeIfPresent(Int.self, forKey: .code)
            self.number = number.flatMap { (0...999_999).contains($0) ? $0 : nil }
        }
    }
}
