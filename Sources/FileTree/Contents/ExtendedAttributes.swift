import Catalog
import Media
import Prefetching
import TwilioAPI

/// The extended attributes of a recording's media file, `user.twilio.*`: what is in its resource and its envelope.
struct ExtendedAttributes {
    /// Names and values, in the order of a listing.
    let values: [(name: String, value: String)]

    /// Collects what is known.
    ///
    /// - Parameters:
    ///   - integrity: what the library knows of the bytes, if the file is at hand there.
    ///   - stored: what was found out at any time before.
    init(resource: MediaResource, facts: MediaFacts?, integrity: Integrity?, stored: StoredIntegrity?) {
        let finding = integrity == .verified || integrity == .failed ? integrity : stored?.finding
        let hasTag = resource.encryptionDetails != nil || facts?.isAuthenticated == true
        let truth = finding ?? (hasTag ? .unverified : .none)
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
            ("encryption", resource.encryptionDetails?.encryption ?? facts?.encryption),
            ("public_key_sid", resource.publicKeySID),
            ("integrity", truth.rawValue),
        ]
        values = optional.compactMap { name, value in value.map { ("user.twilio.\(name)", $0) } }
    }
}
