/// What to do about refusals whose number tells the reason: missing permissions, and signed requests (Public Key Client
/// Validation).
///
/// Source: Twilio, "Error and warning dictionary".
public enum KnownRefusal {
    /// Twilio's number of the error that a restricted API key or an OAuth client lacks a permission.
    static let missingPermission = 70051
    /// Twilio's number of the error that the account takes signed requests only.
    static let unsigned = 70052

    /// Twilio's number of the error that the account has no such public key.
    private static let unknownKey = 70154

    /// Twilio's number of the error that the signature isn't of the public key.
    private static let otherKey = 20159

    /// Whether the body of a response says that the signing key isn't accepted, so that another one may help.
    public static func isOfKey(body: [UInt8]) -> Bool {
        ErrorDocument(body).code.map { [unknownKey, otherKey].contains($0) } ?? false
    }

    /// The remedy of an error; nil for an error with anything else.
    ///
    /// - Parameter clockLead: How many seconds this machine's clock is ahead of the server's, if that is known.
    static func remedy(twilioCode: Int, clockLead: Double?) -> String? {
        switch twilioCode {
        case missingPermission:
            "give the API key or OAuth client the permission to list and read what is to be shown"
        case unsigned:
            "the account takes signed requests only: give --signing-key, with an API key"
        case 70053:
            "the account has no Public Key Client Validation: leave out --signing-key, or enable it in the Console"
        case unknownKey:
            "the account has no usable public key with the SID that --signing-key names: check the SID"
        case otherKey:
            "the private key of --signing-key doesn't belong to the public key with that SID: check both"
        case 20153:
            "the API key doesn't belong to the account, or one of them is suspended: check both"
        case 20155, 20156, 20157:
            "the signature isn't valid at this time: \(clockRemedy(clockLead))"
        case 20152, 20154, 20160, 70155, 70156:
            "the signature doesn't fit the request that arrived: look for a proxy that changes requests"
        default: nil
        }
    }

    /// What to do about a clock that is so many seconds ahead.
    private static func clockRemedy(_ lead: Double?) -> String {
        distance(ofClock: lead).map { "this machine's clock is \($0): set it" } ?? "set this machine's clock"
    }

    /// How wrong a clock is that is so many seconds ahead, such as "5 minutes fast"; nil when it isn't, or not known.
    static func distance(ofClock lead: Double?) -> String? {
        // Less may be the time that the answer took.
        guard let lead, lead.magnitude >= 60 else { return nil }
        // Bounded: the server's date may be any.
        let seconds = Int(min(lead.magnitude, 1e9))
        let (count, unit) =
            seconds < 7_200
            ? (seconds / 60, "minute") : seconds < 172_800 ? (seconds / 3_600, "hour") : (seconds / 86_400, "day")
        return "\(count) \(unit)\(count == 1 ? "" : "s") \(lead > 0 ? "fast" : "slow")"
    }
}
