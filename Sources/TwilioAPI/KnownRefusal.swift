/// What to do about refusals whose number tells the reason: missing permissions, and signed requests (Public Key Client
/// Validation).
///
/// Source: Twilio, "Error and warning dictionary".
enum KnownRefusal {
    /// Twilio's number of the error that a restricted API key or an OAuth client lacks a permission.
    static let missingPermission = 70051
    /// Twilio's number of the error that the account takes signed requests only.
    static let unsigned = 70052

    /// The remedy of an error; nil for an error with anything else.
    static func remedy(twilioCode: Int) -> String? {
        switch twilioCode {
        case missingPermission:
            "give the API key or OAuth client the permission to list and read what is to be shown"
        case unsigned:
            "the account takes signed requests only: give --signing-key, with an API key"
        case 70053:
            "the account has no Public Key Client Validation: leave out --signing-key, or enable it in the Console"
        case 70154:
            "the account has no usable public key with the SID that --signing-key names: check the SID"
        case 20159:
            "the private key of --signing-key doesn't belong to the public key with that SID: check both"
        case 20153:
            "the API key doesn't belong to the account, or one of them is suspended: check both"
        case 20155, 20156, 20157:
            "the signature isn't valid at this time: set this machine's clock"
        case 20152, 20154, 20160, 70155, 70156:
            "the signature doesn't fit the request that arrived: look for a proxy that changes requests"
        default: nil
        }
    }
}
