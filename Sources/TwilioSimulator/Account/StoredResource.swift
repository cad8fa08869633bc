/// Is one resource of the account, with its media if it has any.
struct StoredResource: Sendable {
    /// What it is.
    let kind: MediaKind
    /// Its SID.
    let sid: String
    /// The name of the file it was made from, or of the side file.
    let name: String
    /// Its place in the list follows from this; `date_created` unless that is overridden with something else.
    var created: Instant
    /// Its status, as Twilio names it.
    var status: String
    /// The media, which goes when the resource is deleted.
    var media: OriginalMedia?
    /// Members that replace or extend what the simulator makes up.
    var fields: [String: JSONValue]

    /// Its place in the list.
    var position: Position { Position(created: created, sid: sid) }
}

/// Is a resource's media before sealing.
struct OriginalMedia: Sendable {
    /// Where the bytes come from.
    let content: Content
    /// The size in bytes.
    let size: Int
    /// The plaintext's digests; nil of generated media, for which they are computed when wanted.
    let digests: Digests?
    /// The playing time, where the header tells it.
    let seconds: Int?
    /// The number of audio channels, where the header tells it.
    let channels: Int?
    /// How the media is sealed; nil when it is served as it is.
    let seal: SealSecrets?

    /// What remains for the metadata when the media is deleted.
    var withoutContent: OriginalMedia {
        OriginalMedia(
            content: .deleted, size: size, digests: digests, seconds: seconds, channels: channels, seal: seal)
    }

    /// The sources of plaintext.
    enum Content: Sendable {
        /// None any more.
        case deleted
        /// A file.
        case file(path: String)
        /// The formula of a generated recording.
        case generated(number: Int)
    }

    /// The digests of a plaintext.
    struct Digests: Sendable {
        /// SHA-256.
        let sha256: [UInt8]
        /// MD5.
        let md5: [UInt8]
    }
}
