import GRDB
public import Support
public import TwilioAPI

/// The facts learnt of recordings' media: sizes, data for opening the media again, and integrity.
public struct StoredMedia: Sendable {
    private let storage: CatalogStorage

    init(in storage: CatalogStorage) { self.storage = storage }

    // MARK: Facts

    /// The facts of a recording's media; nil while unknown.
    public func facts(of sid: SID) throws(CatalogError) -> StoredMediaFacts? {
        let query = """
            SELECT size, entity_tag, facts, media.checksum FROM entry LEFT JOIN media USING (id)
            WHERE kind = ?1 AND sid = ?2 AND size IS NOT NULL
            """
        return try storage.row(of: sid, query) { select in
            let (size, entityTag) = (select.integer(0), select.text(1))
            let facts = select.withBytes(2) { packed in
                RowChecksum.media(size: size, entityTag: entityTag, packed: packed) == select.integer(3)
                    ? storage.coder.decode(packed) : nil
            }
            guard let facts, let stored = StoredMediaFacts(plaintextSize: size, entityTag: entityTag, facts: facts)
            else { throw DatabaseError.damage("media") }
            return stored
        }
    }

    /// Stores facts permanently.
    ///
    /// - Returns: the recordings for which another size was known before.
    @discardableResult
    public func learn(_ lessons: [MediaLesson]) throws(CatalogError) -> [SID] {
        guard !lessons.isEmpty else { return [] }
        let packed = lessons.map { storage.coder.encode($0.facts.facts) }
        return try storage.write { writer in
            try zip(lessons, packed).filter { try writer.learn($0, packed: $1) }.map(\.0.sid)
        }
    }

    /// Notes that the media of the given video is encrypted; a recording that has a requirement already keeps it.
    public func noteEncryption(of sids: [SID]) throws(CatalogError) {
        var unnamed: [SID] = []
        // Most resources name the key; those cost no transaction.
        for sid in sids {
            if let known = try storage.entry(of: sid), known.requirement == nil { unnamed.append(sid) }
        }
        guard !unnamed.isEmpty else { return }
        try storage.write { writer in
            for sid in unnamed { try writer.noteEncryption(of: sid) }
        }
    }

    /// Removes the facts of a recording's media, because they no longer hold.
    public func forgetFacts(of sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try storage.write { try $0.forgetMedia(of: sid, kind) }
    }

    // MARK: Integrity

    /// The integrity of a recording's media; nil when the catalog doesn't have the recording.
    public func integrity(of sid: SID) throws(CatalogError) -> StoredIntegrity? {
        try storage.row(of: sid, "SELECT integrity FROM entry WHERE kind = ?1 AND sid = ?2") { select in
            guard let integrity = StoredIntegrity(stored: select.integer(0)) else {
                throw DatabaseError.damage("entry")
            }
            return integrity
        }
    }

    /// Stores the integrity of a recording's media, which is valid while size and entity tag stay the same.
    ///
    /// Does nothing when no facts are known.
    public func setIntegrity(_ integrity: StoredIntegrity, of sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try storage.write { try $0.setIntegrity(integrity, of: sid, kind) }
    }
}

/// The stored integrity of a recording's media.
public enum StoredIntegrity: String, CaseIterable, Hashable, Sendable {
    /// Authenticated with a tag that hasn't been checked.
    case unverified

    /// The tag of all bytes is correct.
    case verified

    /// The tag of all bytes is wrong.
    case failed

    /// There is no tag to check, or none is known.
    case none
}

/// Facts of a recording's media.
public struct StoredMediaFacts: Hashable, Sendable {
    /// The exact size of the plaintext in bytes.
    public let plaintextSize: Int64

    /// The entity tag (RFC 9110, 8.8.3) of the described bytes; nil when the server sends none.
    public let entityTag: String?

    /// Other data for opening the media again, in a form that only its writer understands.
    public let facts: [UInt8]

    /// Makes facts; nil when the size isn't within ``Support/Bounds/sizes``.
    public init?(plaintextSize: Int64, entityTag: String? = nil, facts: [UInt8]) {
        guard Bounds.sizes.contains(plaintextSize) else { return nil }
        self.plaintextSize = plaintextSize
        self.entityTag = entityTag
        self.facts = facts
    }
}

/// Facts learnt of a recording's media.
public struct MediaLesson: Hashable, Sendable {
    /// The recording.
    public let sid: SID

    /// The facts.
    public let facts: StoredMediaFacts

    /// Whether the media's own envelope declares a tag; false for voice, whose resource declares it.
    public let isAuthenticated: Bool

    /// Whether the media has an envelope of its own; false for voice, whose resource has the envelope.
    public let isEncrypted: Bool

    /// Makes a lesson.
    public init(_ sid: SID, _ facts: StoredMediaFacts, isAuthenticated: Bool = false, isEncrypted: Bool = false) {
        self.sid = sid
        self.facts = facts
        self.isAuthenticated = isAuthenticated
        self.isEncrypted = isEncrypted
    }
}
