import Catalog
import DiskCache
import FileSystem
import Support
import Transfer
import TwilioAPI

extension Failure {
    /// The failure of a part of this program, with its exit status; nil for ArgumentParser's errors.
    init?(of error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as FileSystemError: self.init(error)
        case let error as TwilioError: self.init(error)
        case let error as CatalogError: self.init(.cache, error.message)
        case let error as DiskCacheError:
            let remedy = error.code == .damagedIndex ? "; 'twiliofs cache clear' creates it again" : ""
            self.init(.cache, error.message + remedy)
        case let error as TransferError: self.init(.configuration, error.message)
        case let error as any CausedError: self.init(.other, error.description)
        default: return nil
        }
    }

    private init(_ error: FileSystemError) {
        let status: FailureStatus =
            switch error.code {
            case .mountPoint: .mountPoint
            case .unavailable: .fuseUnavailable
            case .option: .configuration
            case .refused: .other
            }
        self.init(status, error.message)
    }

    /// The failure of the first requests to Twilio.
    private init(_ error: TwilioError) {
        switch error.code {
        case .unauthorized:
            let advice =
                error.remedy == nil
                ? "; check the account SID and the auth token or API key, which is valid in one region only (--region)"
                : ""
            let user = error.user.map { " of \($0)" } ?? ""
            self.init(.credentials, "Twilio refuses the credentials\(user): \(error.message)\(advice)")
        case .listsRefused: self.init(.credentials, error.message)
        case .notFound:
            self.init(.credentials, "Twilio doesn't know the account: \(error.message); check the account SID")
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
                "the answer is not Twilio's API: \(error.message)"
                    + (error.remedy == nil ? "; check for a proxy or a login page in the network" : ""))
        }
    }
}
