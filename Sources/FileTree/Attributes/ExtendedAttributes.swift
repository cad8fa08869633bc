import Catalog
import Media
import Prefetching
import TwilioAPI

/// The extended attributes of a recording's media file, `user.twilio.*`: values of its resource, and its integrity.
struct ExtendedAttributes {
    /// Names and values, in the order of a listing.
    let values: [(name: String, value: String)]

    /// The bytes of a listing that has every name, each with a zero byte.
    let longestListing: Int

    /// Collects the known values.
    ///
    /// - Parameters:
    ///   - call: The call of a voice recording, if known.
    ///   - integrity: The integrity of the bytes in the library; nil without them.
    ///   - stored: The integrity in the catalog.
    init(
        resource: MediaResource, call: CallDescription?, facts: MediaFacts?, integrity: Integrity?,
        stored: StoredIntegrity?
    ) {
        let finding = integrity == .verified || integrity == .failed ? integrity : stored?.finding
        let hasTag = resource.encryptionDetails != nil || facts?.isAuthenticated == true
        let truth = finding ?? (hasTag ? .unverified : .none)
        let optional: [(String, String?)] = [
            ("sid", resource.sid.description),
            ("status", resource.status.rawValue),
            ("call_sid", resource.callSID),
            ("room_sid", resource.roomSID),
            ("conference_sid", resource.conferenceSID),
            ("participant_sid", resource.participantSID),
            ("source_sid", resource.sourceSID),
            ("track_name", resource.trackName),
            ("source", resource.source),
            ("from", call.flatMap { Self.text(of: $0.from) }),
            ("to", call.flatMap { Self.text(of: $0.to) }),
            ("direction", call?.direction),
            ("start_time", (resource.startTime ?? call?.startTime)?.description),
            ("duration", resource.duration.map(String.init)),
            ("channels", resource.channels.map(String.init)),
            ("codec", resource.codec),
            ("container_format", resource.containerFormat),
            ("encryption", resource.encryptionDetails?.encryption ?? facts?.encryption),
            ("public_key_sid", resource.publicKeySID),
            ("integrity", truth.rawValue),
        ]
        values = optional.compactMap { name, value in value.map { (Self.prefix + name, $0) } }
        longestListing = optional.reduce(0) { $0 + Self.prefix.utf8.count + $1.0.utf8.count + 1 }
    }

    private static let prefix = "user.twilio."

    private static func text(of party: CallParty) -> String? { party.text.isEmpty ? nil : party.text }
}
