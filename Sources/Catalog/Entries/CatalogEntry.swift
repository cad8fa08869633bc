public import TwilioAPI

/// A recording's entry in a directory.
public struct CatalogEntry: Hashable, Sendable {
    /// The position in the order of entries; never changes.
    public let position: Int64

    /// The recording's SID.
    public let sid: SID

    /// The kind of the recording.
    public let kind: MediaKind

    /// The extension of the file name.
    public let containerFormat: String

    /// The creation time of the recording; nil when the resource has none.
    public let dateCreated: Timestamp?

    /// The time of Twilio's last change of the resource; nil when the resource has none.
    public let dateUpdated: Timestamp?

    /// The exact size of the media's plaintext in bytes; nil while unknown.
    public let plaintextSize: Int64?

    /// The size of the resource's JSON in bytes.
    public let jsonSize: Int64

    /// Whether the media exists.
    public let isCompleted: Bool

    /// The call or the room of the recording; nil when the resource names none.
    public let group: SID?

    /// The number of the requirement for reading the media, besides the account's credentials; nil for none.
    public let requirement: Int64?

    /// The integrity of the media.
    public let integrity: StoredIntegrity
}

extension CatalogStorage {
    /// The entry of a recording, completed or not, shown or not; nil when the catalog doesn't have it.
    func entry(of sid: SID) throws(CatalogError) -> CatalogEntry? {
        try row(of: sid, "\(CatalogEntry.select) WHERE kind = ?1 AND sid = ?2") { CatalogEntry(try EntryRow($0)) }
    }

    /// Runs a query with a recording's kind and SID as parameters, and reads the row; nil when there is none.
    func row<Value>(
        of sid: SID, _ query: String, _ body: (RawStatement) throws -> Value
    ) throws(CatalogError) -> Value? {
        guard let kind = sid.kind else { return nil }
        return try read { try $0.firstRow(of: query, [kind.rawValue, SIDDigits(sid)], body) }
    }
}

extension CatalogEntry {
    /// The query for ``EntryRow``, without conditions.
    static let select = "SELECT \(EntryRow.columns) FROM entry"

    init(_ row: EntryRow) {
        self.init(
            position: row.id, sid: SID(row.digits, of: row.kind), kind: row.kind, containerFormat: row.format,
            dateCreated: row.created.map(Timestamp.init(seconds:)),
            dateUpdated: row.updated.map(Timestamp.init(seconds:)), plaintextSize: row.size, jsonSize: row.jsonSize,
            isCompleted: row.status == .completed, group: row.group.map { SID(group: $0, of: row.kind) },
            requirement: row.requirement, integrity: row.integrity)
    }
}
