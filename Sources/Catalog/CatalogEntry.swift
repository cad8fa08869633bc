public import TwilioAPI

/// What a directory needs to know of a recording.
public struct CatalogEntry: Hashable, Sendable {
    /// Its place in the order of its kind's entries; never changes.
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

/// How much of a kind the catalog holds.
public struct CatalogTotals: Hashable, Sendable {
    /// Number of completed recordings.
    public let count: Int64

    /// Sum of the plaintext sizes that are known, in bytes.
    public let knownBytes: Int64
}
