import Foundation
import GRDB
public import TwilioAPI

/// What the account holds, on disk: every resource as it was received, and what was learnt of its media.
///
/// Survives restarts. Safe to use from any thread. A query takes some ten microseconds and never touches the network.
public final class Catalog: Sendable {
    private let database: CatalogDatabase

    /// Opens the catalog of an account, or makes an empty one.
    ///
    /// - Parameter folder: where the file `catalog.sqlite` is kept; made if it is missing.
    public init(folder: String) throws(CatalogError) {
        database = try CatalogDatabase(folder: folder)
    }

    // MARK: Looking up

    /// The entry of one recording, completed or not; nil when the catalog doesn't have it.
    public func entry(of sid: SID) throws(CatalogError) -> CatalogEntry? {
        try read { database in
            try database.cachedStatement(sql: Self.selectEntry + " WHERE resource.sid = ?")
                .firstEntry(arguments: [sid.description])
        }
    }

    /// Completed recordings of a kind, in the order of their positions.
    ///
    /// - Parameters:
    ///   - kind: which list.
    ///   - position: the position of the entry before the first one wanted; 0 to begin.
    ///   - limit: how many at the most.
    public func entries(of kind: MediaKind, after position: Int64, limit: Int) throws(CatalogError) -> [CatalogEntry] {
        try read { database in
            let statement = try database.cachedStatement(
                sql: Self.selectEntry + """
                     WHERE resource.kind = ? AND resource.status = 'completed' AND resource.id > ?
                     ORDER BY resource.id LIMIT ?
                    """)
            var entries: [CatalogEntry] = []
            let rows = try Row.fetchCursor(statement, arguments: [kind.rawValue, position, limit])
            while let row = try rows.next() {
                if let entry = CatalogEntry(row) { entries.append(entry) }
            }
            return entries
        }
    }

    /// The resource as Twilio gave it; nil when the catalog doesn't have it.
    public func resource(of sid: SID) throws(CatalogError) -> MediaResource? {
        let row = try read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT kind, json FROM resource WHERE sid = ?"),
                arguments: [sid.description]
            ).map { row in (kind: row["kind"] as Int, json: Array(row["json"] as Data)) }
        }
        guard let row, let kind = MediaKind(rawValue: row.kind) else { return nil }
        do throws(TwilioError) {
            return try MediaResource(kind: kind, json: row.json)
        } catch {
            throw CatalogError(
                .database, "the catalog '\(database.path)' holds a damaged resource \(sid)", cause: error)
        }
    }

    /// What was learnt of a recording's media; nil until then.
    public func mediaFacts(of sid: SID) throws(CatalogError) -> StoredMediaFacts? {
        try read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT plaintext_size, entity_tag, facts FROM media WHERE sid = ?"),
                arguments: [sid.description]
            ).map { row in
                StoredMediaFacts(
                    plaintextSize: row["plaintext_size"], entityTag: row["entity_tag"],
                    facts: Array(row["facts"] as Data))
            }
        }
    }

    /// How much of a kind there is.
    public func totals(of kind: MediaKind) throws(CatalogError) -> CatalogTotals {
        try read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT count(*) AS count, total(media.plaintext_size) AS bytes
                        FROM resource LEFT JOIN media USING (sid) WHERE kind = ? AND status = 'completed'
                        """), arguments: [kind.rawValue])
            return CatalogTotals(count: row?["count"] ?? 0, knownBytes: Int64(row?["bytes"] as Double? ?? 0))
        }
    }

    /// When the newest completed recording of a kind was made; nil when there is none.
    public func newest(of kind: MediaKind) throws(CatalogError) -> Timestamp? {
        try read { database in
            try Int64.fetchOne(
                database.cachedStatement(
                    sql: "SELECT max(created) FROM resource WHERE kind = ? AND status = 'completed'"),
                arguments: [kind.rawValue])
        }.map(Timestamp.init(seconds:))
    }

    // MARK: Learning

    /// Begins a pass over a kind's list.
    ///
    /// - Returns: the pass's generation, higher than those of all passes before it, those of other mounts included.
    func beginPass(over kind: MediaKind) throws(CatalogError) -> Int64 {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO list (kind, generation) VALUES (?, 1)
                    ON CONFLICT (kind) DO UPDATE SET generation = generation + 1
                    """, arguments: [kind.rawValue])
            return try Int64.fetchOne(
                database, sql: "SELECT generation FROM list WHERE kind = ?", arguments: [kind.rawValue]) ?? 1
        }
    }

    /// Stores resources that a pass has met.
    ///
    /// They count as met by a later pass too, if another mount has begun one meanwhile: it may be past their place in the
    /// list, and would take them for gone.
    func store(_ resources: [MediaResource], generation: Int64) throws(CatalogError) {
        try write { database in
            for resource in resources {
                let latest = try Self.generation(of: resource.kind, in: database)
                try database.store(resource, generation: max(generation, latest))
            }
        }
    }

    /// Stores a resource that was asked for alone.
    ///
    /// It counts as met by the latest pass, which may be under way and past its place in the list.
    public func store(_ resource: MediaResource) throws(CatalogError) {
        try write { database in
            try database.store(resource, generation: try Self.generation(of: resource.kind, in: database))
        }
    }

    /// The generation of the latest pass over a kind's list; 0 when there was none.
    private static func generation(of kind: MediaKind, in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT generation FROM list WHERE kind = ?"), arguments: [kind.rawValue])
            ?? 0
    }

    /// Ends a pass that has met the whole list: what it hasn't met is no longer there.
    ///
    /// What a later pass, of another mount, has met meanwhile stays.
    func endPass(over kind: MediaKind, generation: Int64) throws(CatalogError) {
        try write { database in
            try database.execute(
                sql: "DELETE FROM resource WHERE kind = ? AND generation < ?", arguments: [kind.rawValue, generation])
            try database.execute(sql: "DELETE FROM media WHERE sid NOT IN (SELECT sid FROM resource)")
        }
    }

    /// Stores what was learnt of a recording's media, for good.
    ///
    /// - Parameter isAuthenticated: whether the media itself says that it is sealed with a tag, as video's does; voice's
    ///   resource says it.
    public func learn(_ facts: StoredMediaFacts, of sid: SID, isAuthenticated: Bool = false) throws(CatalogError) {
        try write { database in
            let isSame = try Bool.fetchOne(
                database.cachedStatement(
                    sql: "SELECT plaintext_size = ? AND entity_tag IS ? FROM media WHERE sid = ?"),
                arguments: [facts.plaintextSize, facts.entityTag, sid.description])
            if isSame != true { try database.forgetIntegrity(of: sid) }
            if isAuthenticated {
                try database.cachedStatement(
                    sql: "UPDATE resource SET integrity = 'unverified' WHERE sid = ? AND integrity = 'none'"
                ).execute(arguments: [sid.description])
            }
            try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO media (sid, plaintext_size, entity_tag, facts) VALUES (?, ?, ?, ?)"
            ).execute(arguments: [
                sid.description, facts.plaintextSize, facts.entityTag, facts.facts.databaseBytes,
            ])
        }
    }

    /// Forgets what was learnt of a recording's media, because it turned out to be no longer so.
    public func forgetMediaFacts(of sid: SID) throws(CatalogError) {
        try write { database in
            try database.execute(sql: "DELETE FROM media WHERE sid = ?", arguments: [sid.description])
            try database.forgetIntegrity(of: sid)
        }
    }

    // MARK: Access

    private static let selectEntry = """
        SELECT resource.id, resource.sid, resource.kind, resource.created, resource.format, resource.status,
            length(resource.json) AS json_size, media.plaintext_size
        FROM resource LEFT JOIN media USING (sid)
        """

    func read<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        do {
            return try database.pool.read(body)
        } catch {
            throw failure(error, "read")
        }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        do {
            return try database.pool.write(body)
        } catch {
            throw failure(error, "written")
        }
    }

    private func failure(_ error: any Error, _ verb: String) -> CatalogError {
        CatalogError(
            .database,
            "the catalog '\(database.path)' can't be \(verb): \((error as? DatabaseError)?.message ?? "\(error)")",
            cause: error)
    }
}
