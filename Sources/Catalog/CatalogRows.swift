import Foundation
import GRDB
import TwilioAPI

extension Statement {
    /// Runs a query for entries and reads its first row.
    func firstEntry(arguments: StatementArguments) throws -> CatalogEntry? {
        try Row.fetchOne(self, arguments: arguments).flatMap { CatalogEntry($0) }
    }
}

extension CatalogEntry {
    /// Reads a row of the query for entries; nil for a kind or SID that this version doesn't know.
    init?(_ row: Row) {
        guard let sid = SID(row["sid"] as String), let kind = MediaKind(rawValue: row["kind"]) else { return nil }
        self.init(
            position: row["id"], sid: sid, kind: kind, containerFormat: row["format"],
            dateCreated: (row["created"] as Int64?).map(Timestamp.init(seconds:)),
            plaintextSize: row["plaintext_size"], jsonSize: row["json_size"],
            isCompleted: row["status"] == ResourceStatus.completed.rawValue)
    }
}

extension Database {
    /// Inserts a resource or brings the one that is there up to date; its position stays.
    func store(_ resource: MediaResource, generation: Int64) throws {
        try cachedStatement(
            sql: """
                INSERT INTO resource (sid, kind, status, created, format, json, generation, integrity)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (sid) DO UPDATE SET status = excluded.status, created = excluded.created,
                    format = excluded.format, json = excluded.json, generation = max(generation, excluded.generation),
                    integrity = CASE integrity WHEN 'none' THEN excluded.integrity ELSE integrity END
                """
        ).execute(arguments: [
            resource.sid.description, resource.kind.rawValue, resource.status.rawValue, resource.dateCreated?.seconds,
            resource.containerFormat, resource.json.databaseBytes, generation,
            // Voice says in its resource that it is sealed with a tag; video says it with its media.
            (resource.encryptionDetails == nil ? StoredIntegrity.none : .unverified).rawValue,
        ])
    }
}

extension [UInt8] {
    /// The bytes as SQLite stores them, a BLOB.
    var databaseBytes: Data { Data(self) }
}
