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
    /// The query whose rows ``init(_:)`` reads, up to its conditions.
    static let select =
        "SELECT id, kind, sid, format, created, size, json_size, status IS NULL, group_sid,"
        + " requirement, integrity FROM entry"

    /// Reads a row; nil for a kind that this version doesn't know.
    init?(_ row: RawStatement) {
        guard let kind = MediaKind(rawValue: Int(row.integer(1))), let digits = row.digits(2) else { return nil }
        self.init(
            position: row.integer(0), sid: SID(digits, of: kind), kind: kind, containerFormat: row.text(3) ?? "",
            dateCreated: row.optionalInteger(4).map(Timestamp.init(seconds:)), plaintextSize: row.optionalInteger(5),
            jsonSize: row.integer(6), isCompleted: row.integer(7) != 0,
            group: row.digits(8).map { SID(group: $0, of: kind) },
            requirement: row.optionalInteger(9),
            integrity: StoredIntegrity(code: row.integer(10)))
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

    /// Makes facts to be stored.
    public init(plaintextSize: Int64, entityTag: String? = nil, facts: [UInt8]) {
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

    /// Makes a lesson.
    public init(_ sid: SID, _ facts: StoredMediaFacts, isAuthenticated: Bool = false) {
        self.sid = sid
        self.facts = facts
        self.isAuthenticated = isAuthenticated
    }
}
