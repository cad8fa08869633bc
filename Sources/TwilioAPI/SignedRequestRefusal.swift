/// What to do about Twilio's errors with signed requests, Public Key Client Validation.
///
/// Source: Twilio, "Error and warning dictionary".
enum SignedRequestRefusal {
    /// Twilio's number of the error that the account takes signed requests only.
    static let required = 70052

    /// The remedy of an error; nil for an error with anything else.
    static func remedy(twilioCode: Int) -> String? {
        switch twilioCode {
        case required:
            "the account takes signed requests only: give --signing-key, with an API key"
        case 70053:
            "the account has no Public Key Client Validation: leave out --signing-key, or enable it in the Console"
        case 70154:
            "the account has no usable public key with the SID that --signing-key names"
        case 20159:
            "the file of --signing-key doesn't belong to the public key whose SID it names"
        case 20153:
            "the API key and the account of a signed request don't belong together, or one is suspended"
        case 20155, 20156, 20157:
            "the signature isn't valid at this time: set this machine's clock"
        case 20152, 20154, 20160, 70155, 70156:
            "the signature doesn't fit the request as it arrived, perhaps because a proxy changes requests"
        default: nil
        }
    }
}
