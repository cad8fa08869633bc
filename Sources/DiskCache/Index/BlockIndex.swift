import Foundation
import GRDB
import Glibc
import Support

/// The index of the cache: a SQLite database, shared by all processes that use the folder.
///
/// A block has a row in `block` once its file is complete and renamed. Before that it has a row in `reservation`, which
/// already counts the bytes of its file. Triggers keep the sum of both in `account`; it is never less than the sum of
/// the files. To guarantee that in spite of kills, a row is inserted before its file is created, and deleted after its
/// file was removed.
///
/// The bytes of `index.sqlite` itself, some two hundred a block, don't count.
struct BlockIndex: Sendable {
    struct Entry: Hashable, Sendable {
        /// The number in the file's name.
        let id: Int64
        /// The size of the file.
        let bytes: Int64

        init(id: Int64, bytes: Int64) { (self.id, self.bytes) = (id, bytes) }

        /// Decodes the number and the size; throws if they are no numbers, as after damage that SQLite can't detect.
        init(_ row: Row) throws {
            self.init(id: try row.decode(atIndex: 0), bytes: try row.decode(atIndex: 1))
        }
    }

    /// The tables of files.
    enum Table: String { case block, reservation }

    /// The most blocks removed while the index is locked: some ten milliseconds.
    static let batch = 256

    private let pool: DatabasePool

    /// Opens an index, or makes an empty one; `patience` is the wait for other processes' changes.
    ///
    /// The last reference closes it. GRDB's `close()` would close the writer before the readers, and leave SQLite's
    /// journal behind.
    init(path: String, patience: Duration) throws(IndexFailure) {
        do {
            // SQLite gives its journal the mode of the main file, so that file is created first.
            close(try PrivateFile.open(path, O_CREAT | O_RDWR))
            var configuration = Configuration()
            configuration.label = "cache index"
            let (seconds, attoseconds) = patience.components
            configuration.busyMode = .timeout(Double(seconds) + Double(attoseconds) / 1e18)
            configuration.prepareDatabase { database in
                // Readers wait only for a lock on the whole file; a miss is better than a long wait.
                if database.configuration.readonly { try database.execute(sql: "PRAGMA busy_timeout = 250") }
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            // A flush would wait for all blocks written meanwhile. A kill loses nothing that SQLite has written; after
            // a power failure the whole index is checked (`check`).
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        } catch {
            throw IndexFailure(error)
        }
        try write { try BlockIndexSchema.prepare($0) }
    }

    // MARK: Looking up

    enum Lookup: Hashable, Sendable {
        case found(Entry)
        case missing
        /// Missing, but the index has other contents of the recording.
        case stale
    }

    func look(up place: BlockPlace) throws(IndexFailure) -> Lookup {
        try read { database in
            if let entry = try database.block(at: place) { return .found(entry) }
            return try database.hasOtherContents(than: place.content) ? .stale : .missing
        }
    }

    func blocks(of content: CacheContent) throws(IndexFailure) -> Set<Int> {
        try read { database in
            try Int.fetchSet(
                database.cachedStatement(
                    sql: """
                        SELECT number FROM content JOIN block ON block.content = content.id
                        WHERE sid = ? AND tag = ? AND size = ?
                        """), arguments: [content.sid, content.entityTag, content.size])
        }
    }

    func statistics() throws(IndexFailure) -> CacheStatistics {
        try read { database in
            var statistics = CacheStatistics()
            if let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT bytes, blocks, (SELECT count(*) FROM content), (SELECT min(used) FROM block),
                        (SELECT value FROM setting WHERE name = 'limit')
                    FROM account
                    """)
            {
                statistics.bytes = try row.decode(atIndex: 0)
                statistics.blocks = try row.decode(atIndex: 1)
                statistics.contents = try row.decode(atIndex: 2)
                statistics.oldestUse = try row.decode(Int64?.self, atIndex: 3).map {
                    Date(timeIntervalSince1970: Double($0) / 1e6)
                }
                statistics.limit = try row.decode(String?.self, atIndex: 4).flatMap { Int64($0) }
            }
            return statistics
        }
    }

    /// A setting that all processes share.
    func setting(_ name: String) throws(IndexFailure) -> String? {
        try read { database in
            try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
        }
    }

    func set(_ name: String, to value: String) throws(IndexFailure) {
        guard try setting(name) != value else { return }
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", arguments: [name, value])
        }
    }

    // MARK: For the sweep

    /// The numbers of the folders with blocks or reservations.
    func folders() throws(IndexFailure) -> Set<Int64> {
        try read { database in
            try Int64.fetchSet(
                database, sql: "SELECT id / ?1 FROM block UNION SELECT id / ?1 FROM reservation",
                arguments: [BlockFolder.idsInFolder])
        }
    }

    /// The blocks or the reservations in a folder, by number, with the sizes of their files.
    func sizes(of table: Table, in folder: Int64) throws(IndexFailure) -> [Int64: Int64] {
        try read { database in
            let first = folder.multipliedSaturated(by: BlockFolder.idsInFolder)
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, bytes FROM \(table) WHERE id >= ? AND id < ?",
                arguments: [first, first.addingSaturated(BlockFolder.idsInFolder)])
            var sizes: [Int64: Int64] = [:]
            while let row = try rows.next() { sizes[try row.decode(atIndex: 0)] = try row.decode(atIndex: 1) }
            return sizes
        }
    }

    func owners() throws(IndexFailure) -> Set<String> {
        try read { try String.fetchSet($0, sql: "SELECT DISTINCT owner FROM reservation") }
    }

    /// Checks the whole index, in some milliseconds for ten thousand blocks; throws when it is damaged.
    func check() throws(IndexFailure) {
        try read { database in
            let answer = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
            guard answer == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: answer) }
        }
    }

    /// Corrects the account from the rows, in case of damage that SQLite can't detect.
    func recount() throws(IndexFailure) {
        let sums = """
            (SELECT (SELECT ifnull(sum(bytes), 0) FROM block) + (SELECT ifnull(sum(bytes), 0) FROM reservation) AS bytes,
                (SELECT count(*) FROM block) AS blocks)
            """
        let isRight = try read { database in
            try Bool.fetchOne(
                database,
                sql: "SELECT account.bytes = sums.bytes AND account.blocks = sums.blocks FROM account, \(sums) AS sums"
            )
        }
        guard isRight != true else { return }
        try write { database in
            try database.execute(
                sql: "UPDATE account SET bytes = sums.bytes, blocks = sums.blocks FROM \(sums) AS sums")
        }
    }

    // MARK: Access

    /// Runs a query; each statement has a snapshot of its own.
    func read<Value>(_ body: (Database) throws -> Value) throws(IndexFailure) -> Value {
        // A transaction would cost more than the query.
        try IndexFailure.wrapping { try pool.unsafeRead(body) }
    }

    /// Runs a transaction that excludes all other writers.
    func write<Value>(_ body: (Database) throws -> Value) throws(IndexFailure) -> Value {
        try IndexFailure.wrapping { try pool.write(body) }
    }
}

extension Database {
    /// The block at a place; nil when it isn't stored.
    func block(at place: BlockPlace) throws -> BlockIndex.Entry? {
        try Row.fetchOne(
            cachedStatement(
                sql: """
                    SELECT block.id, block.bytes FROM content JOIN block ON block.content = content.id
                    WHERE sid = ? AND tag = ? AND size = ? AND number = ?
                    """),
            arguments: [place.content.sid, place.content.entityTag, place.content.size, place.number]
        ).map { try BlockIndex.Entry($0) }
    }

    /// Whether the index has other contents of the recording.
    func hasOtherContents(than content: CacheContent) throws -> Bool {
        try Bool.fetchOne(
            cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM content WHERE sid = ?1 AND NOT (tag = ?2 AND size = ?3))"),
            arguments: [content.sid, content.entityTag, content.size]) ?? false
    }
}
