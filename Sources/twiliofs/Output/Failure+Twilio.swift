import Support
import Transfer
import TwilioAPI

extension Failure {
    /// A failure of the first requests to Twilio, with its exit status.
    init(_ error: TwilioError) {
        switch error.code {
        case .unauthorized:
            self.init(
                .credentials,
                "Twilio refuses the credentials: \(error.message); check the account SID and the auth token or API key"
            )
        case .notFound: self.init(.credentials, "Twilio doesn't know the account: \(error.message)")
        case .unreachable:
            // The command ends now, and doesn't retry.
            if let outage = error.cause as? TransferError, outage.code == .hostUnreachable {
                self.init(.unreachable, outage.lastingMessage)
            } else {
                self.init(.unreachable, "Twilio can't be reached: \(error.message)")
            }
        case .invalidConfiguration, .credentialMissing: self.init(.configuration, error.message)
        case .refused where error.status == 429 || error.status ?? 0 >= 500:
            self.init(.unreachable, "\(error.message); try again later")
        case .refused: self.init(.unreachable, error.message)
        case .malformedAnswer:
            self.init(
                .unreachable,
                "the answer is not Twilio's API: \(error.message); check for a proxy or a login page in the network")
        }
    }
}
