import GRDB
public import Support
public import TwilioAPI

/// What was learnt of recordings' media: sizes, facts for reading them again, and whether their bytes are authentic.
public struct StoredMedia: Sendable {
    private let storage: CatalogStorage

    init(in storage: CatalogStorage) {
        self.storage = storage
    }

    // MARK: Facts

    /// The facts of a recording's media; nil until they were learnt.
    public func facts(of sid: SID) throws(CatalogError) -> StoredMediaFacts? {
        guard let kind = sid.kind else { return nil }
        return try storage.read { database in
            let select = try RawStatement(
                database,
                """
                SELECT size, entity_tag, facts, media.checksum FROM entry LEFT JOIN media USING (id)
                WHERE kind = ?1 AND sid = ?2 AND size IS NOT NULL
                """)
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as StoredMediaFacts? }
            defer { select.finish() }
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

    /// Stores facts for good.
    ///
    /// - Returns: the recordings of which another size was known before.
    @discardableResult
    public func learn(_ lessons: [MediaLesson]) throws(CatalogError) -> [SID] {
        guard !lessons.isEmpty else { return [] }
        let packed = lessons.map { storage.coder.encode($0.facts.facts) }
        return try storage.write { writer in
            try zip(lessons, packed).filter { try writer.learn($0, packed: $1) }.map(\.0.sid)
        }
    }

    /// Stores that some video's media is encrypted, where nothing else is certain of it.
    public func noteEncryption(of sids: [SID]) throws(CatalogError) {
        var unnamed: [SID] = []
        // Most resources name the key: those cost no transaction.
        for sid in sids {
            if let known = try storage.entry(of: sid), known.requirement == nil { unnamed.append(sid) }
        }
        guard !unnamed.isEmpty else { return }
        try storage.write { writer in
            for sid in unnamed { try writer.noteEncryption(of: sid) }
        }
    }

    /// Forgets the facts of a recording's media, because they no longer hold.
    public func forgetFacts(of sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try storage.write { try $0.forgetMedia(of: sid, kind) }
    }

    // MARK: Integrity

    /// The integrity of a recording's media; nil when the catalog doesn't have the recording.
    public func integrity(of sid: SID) throws(CatalogError) -> StoredIntegrity? {
        guard let kind = sid.kind else { return nil }
        return try storage.read { database in
            let select = try RawStatement(database, "SELECT integrity FROM entry WHERE kind = ?1 AND sid = ?2")
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as StoredIntegrity? }
            defer { select.finish() }
            guard let integrity = StoredIntegrity(stored: select.integer(0)) else {
                throw DatabaseError.damage("entry")
            }
            return integrity
        }
    }

    /// Stores the integrity of a recording's media; it is kept as long as size and entity tag stay the same.
    ///
    /// Nothing is stored when no facts are known, or no longer.
    public func setIntegrity(_ integrity: StoredIntegrity, of sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try storage.write { try $0.setIntegrity(integrity, of: sid, kind) }
    }
}

/// What is known of the integrity of a recording's bytes, as the catalog keeps it.
public enum StoredIntegrity: String, CaseIterable, Hashable, Sendable {
    /// Sealed with a tag that hasn't been checked.
    case unverified

    /// The tag of all bytes was checked, and is right.
    case verified

    /// The tag of all bytes was checked, and is wrong.
    case failed

    /// There is no tag that can be checked, or none is known.
    case none
}

/// Facts of a recording's media.
public struct StoredMediaFacts: Hashable, Sendable {
    /// Exact size of the plaintext in bytes.
    public let plaintextSize: Int64

    /// The entity tag (RFC 9110, 8.8.3) of the bytes that were described; nil when the server sends none.
    public let entityTag: String?

    /// Whatever else is needed to open the media again, in a form that only its writer understands.
    public let facts: [UInt8]

    /// Makes facts; nil when the size isn't within ``Support/Bounds/sizes``.
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
