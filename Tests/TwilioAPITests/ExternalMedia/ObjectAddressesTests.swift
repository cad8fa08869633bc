import Support
import TestSupport
import Testing

@testable import Transfer
@testable import TwilioAPI

@Suite("Failures of reading an object in a bucket", .orderly)
struct ObjectAddressesTests {
    /// Credentials that are there.
    private final class Credentials: BucketCredentials {
        let absence: String? = nil
        let region: String? = nil
        private let provider = FixedCredential(Credential(username: "u", password: "p"))

        func provider(region: String) -> any CredentialProvider { provider }
    }

    @Test("That there are no credentials denies it, but not that their source fails, which may pass")
    func source() throws {
        let media = try ExternalMedia(ExternalMedia.Rules(), credentials: Credentials())
        guard case .object(let object) = media.place(of: "https://bucket.s3.amazonaws.com/key") else {
            Issue.record("there is no object")
            return
        }
        let addresses = ObjectAddresses(of: object, in: media)
        let absent = TwilioError(.credentialMissing, "there are no AWS credentials")
        let cases: [(TransferError, ExternalMediaErrorCode?)] = [
            (TransferError(.addressUnavailable, "There is no address.", cause: absent), .denied),
            (TransferError(.credentialUnavailable, "There was no credential."), .unavailable),
            (TransferError(.credentialUnavailable, "There was no credential.", cause: absent), .unavailable),
            (TransferError(.cancelled, "It was cancelled."), nil),
        ]
        for (error, code) in cases { #expect(addresses.externalError(error)?.code == code, "\(error)") }
    }
}
