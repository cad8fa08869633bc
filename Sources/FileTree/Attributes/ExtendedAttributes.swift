import Catalog
import Media
import Prefetching
import TwilioAPI

/// The extended attributes of a recording's media file, `user.twilio.*`: values of its resource, and its integrity.
struct ExtendedAttributes {
    /// Names and values, in the order of a listing.
    let values: [(name: String, value: String)]

    /// Collects the known values.
    ///
    /// - Parameters:
    ///   - integrity: The integrity of the bytes in the library; nil without them.
    ///   - stored: The integrity in the catalog.
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
