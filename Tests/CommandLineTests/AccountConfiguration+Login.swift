import Transfer
import TwilioAPI

@testable import twiliofs

extension AccountConfiguration {
    /// The name and password of the first request to the API; nil for other forms of credentials.
    var login: Credential? {
        let request = OutgoingRequest(method: .get, url: endpoints.api)
        guard case .basic(let credential)? = credentials.authorization(for: request) else { return nil }
        return credential
    }
}
