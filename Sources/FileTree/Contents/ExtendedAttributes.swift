import Media
import TwilioAPI

/// The extended attributes of a recording's media file, `user.twilio.*`: what is in its resource and its envelope.
struct ExtendedAttributes {
    /// Names and values, in the order of a listing.
    let values: [(name: String, value: String)]

    /// Collects what is known.
    init(resource: MediaResource, facts: MediaFacts?, integrity: Integrity?) {
        let encryption = resource.encryptionDetails == nil ? facts?.encryption : "aes-256-gcm"
        let optional: [(String, String?)] = [
            ("sid", resource.sid.description),
            ("status", resource.status.rawValue),
            ("call_sid", resource.callSID),
            ("room_sid", resource.roomSID),
            ("source_sid", resource.sourceSID),
            ("duration", resource.duration.map(String.init)),
            ("channels", resource.channels.map(String.init)),
            ("codec", resource.codec),
            ("container_format", resource.containerFormat),
            ("encryption", encryption),
            ("public_key_sid", resource.publicKeySID),
            ("integrity", (integrity ?? (encryption == "aes-256-gcm" ? .unverified : Integrity.none)).rawValue),
        ]
        values = optional.compactMap { name, value in value.map { ("user.twilio.\(name)", $0) } }
    }
}
