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

extension CatalogStorage {
    /// The entry of one recording, completed or not, shown or not; nil when the catalog doesn't have it.
    func entry(of sid: SID) throws(CatalogError) -> CatalogEntry? {
        guard let kind = sid.kind else { return nil }
        return try read { database in
            let select = try RawStatement(database, "\(CatalogEntry.select) WHERE kind = ?1 AND sid = ?2")
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as CatalogEntry? }
            defer { select.finish() }
            return CatalogEntry(try EntryRow(select))
        }
    }
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
