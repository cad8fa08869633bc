import Support
public import TwilioAPI

/// What a directory needs to know of a recording.
public struct CatalogEntry: Hashable, Sendable {
    /// Its place in the order of entries; never changes.
    public let position: Int64

    /// The recording's SID.
    public let sid: SID

    /// Its kind.
    public let kind: MediaKind

    /// The extension of its file name.
    public let containerFormat: String

    /// When the recording was made; nil when the resource doesn't tell.
    public let dateCreated: Timestamp?

    /// When Twilio last changed the resource; nil when the resource doesn't tell.
    public let dateUpdated: Timestamp?

    /// Exact size of the media's plaintext in bytes; nil until it was learnt.
    public let plaintextSize: Int64?

    /// Size of the resource's JSON in bytes.
    public let jsonSize: Int64

    /// Whether the media exists.
    public let isCompleted: Bool

    /// The call or the room that it belongs to; nil when the resource doesn't tell.
    public let group: SID?

    /// The number of what has to be held for the media to be read, besides the account's credentials; nil for nothing.
    public let requirement: Int64?

    /// What is known of the truth of its media.
    public let integrity: StoredIntegrity
}

extension CatalogEntry {
    /// The query whose rows ``EntryRow`` reads, up to its conditions.
    static let select = "SELECT \(EntryRow.columns) FROM entry"

    /// Takes what a directory needs from a row.
    init(_ row: EntryRow) {
        self.init(
            position: row.id, sid: SID(row.digits, of: row.kind), kind: row.kind, containerFormat: row.format,
            dateCreated: row.created.map(Timestamp.init(seconds:)),
            dateUpdated: row.updated.map(Timestamp.init(seconds:)), plaintextSize: row.size, jsonSize: row.jsonSize,
            isCompleted: row.status == .completed, group: row.group.map { SID(group: $0, of: row.kind) },
            requirement: row.requirement, integrity: row.integrity)
    }
}

/// What was learnt of a recording's media.
public struct StoredMediaFacts: Hashable, Sendable {
    /// Exact size of the plaintext in bytes.
    public let plaintextSize: Int64

    /// The entity tag (RFC 9110, 8.8.3) of the bytes that were described; nil when the server sends none.
    public let entityTag: String?

    /// Whatever else is to be known when the media is opened again, in a form that only its writer understands.
    public let facts: [UInt8]

    /// Makes facts to be stored, or that were; nil when the size isn't within ``Support/Bounds/sizes``.
    public init?(plaintextSize: Int64, entityTag: String? = nil, facts: [UInt8]) {
        guard Bounds.sizes.contains(plaintextSize) else { return nil }
        self.plaintextSize = plaintextSize
        self.entityTag = entityTag
        self.facts = facts
    }
}

/// Facts that were learnt of a recording's media.
public struct MediaLesson: Hashable, Sendable {
    /// The recording.
    public let sid: SID

    /// What was learnt.
    public let facts: StoredMediaFacts

    /// Whether the media itself says that it is sealed with a tag, as video's does; voice's resource says it.
    public let isAuthenticated: Bool

    /// Whether the media has an envelope of its own.
    ///
    /// Only video's has; voice has it in its resource.
    public let isEncrypted: Bool

    /// Makes a lesson.
    public init(
        _ sid: SID, _ facts: StoredMediaFacts, isAuthenticated: Bool = false, isEncrypted: Bool = false
    ) {
        self.sid = sid
        self.facts = facts
        self.isAuthenticated = isAuthenticated
        self.isEncrypted = isEncrypted
    }
}
