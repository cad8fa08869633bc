import Foundation
import GRDB
import Glibc
import Support

/// What is in the cache, in SQLite, shared by all processes that use the folder.
///
/// A block is a row of `block` when its file is whole and has its name. Before, it is a row of `reservation`, and the
/// bytes of its file count already: the sum of both, in `account`, is kept by triggers, and is never less than the sum
/// of the files. So that it stays so, a row comes before the file is made and goes after the file was removed, whoever
/// is killed in between.
///
/// The bytes of `index.sqlite` itself, some two hundred a block, don't count.
struct BlockIndex: Sendable {
    /// A block's row.
    struct Entry: Hashable, Sendable {
        /// The number that its file is named after.
        let id: Int64

        /// The size of its file.
        let bytes: Int64
    }

    /// How many blocks are removed at most while the index is locked: some ten milliseconds.
    static let batch = 256

    private let pool: DatabasePool

    /// Opens an index, or makes an empty one.
    ///
    /// It is closed with the last reference to it. GRDB's `close()` would close the writer before the readers, and
    /// leave SQLite's journal behind.
    ///
    /// - Parameter patience: how long to wait for another process's changes.
    init(path: String, patience: Duration) throws(IndexFailure) {
        do {
            // SQLite gives its journal the mode of the main file, which is made first for that reason.
            close(try PrivateFile.open(path, O_CREAT | O_RDWR))
            var configuration = Configuration()
            configuration.label = "cache index"
            let (seconds, attoseconds) = patience.components
            configuration.busyMode = .timeout(Double(seconds) + Double(attoseconds) / 1e18)
            configuration.prepareDatabase { database in
                // Readers don't wait for writers; they do for who has locked the file whole, and a miss is better then.
                if database.configuration.readonly { try database.execute(sql: "PRAGMA busy_timeout = 250") }
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            // Waiting for the disk now and then would mean waiting for all blocks that were written meanwhile.
            // Processes that are killed lose nothing that SQLite has written. After a power failure the index is
            // checked whole (`check`).
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        } catch {
            throw IndexFailure(error)
        }
        try write { try BlockIndexSchema.prepare($0) }
    }

    // MARK: Looking up

    /// What looking a block up has found.
    enum Lookup: Hashable, Sendable {
        case found(Entry)
        case missing

        /// It is missing, and there are blocks of other contents of the recording.
        case stale
    }

    /// Looks a block up.
    func look(up place: BlockPlace) throws(IndexFailure) -> Lookup {
        try read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT block.id, block.bytes FROM content JOIN block ON block.content = content.id
                        WHERE sid = ? AND tag = ? AND size = ? AND number = ?
                        """),
                arguments: [place.content.sid, place.content.entityTag, place.content.size, place.number])
            if let row { return .found(Entry(id: row[0], bytes: row[1])) }
            return try database.hasOtherContents(than: place.content) ? .stale : .missing
        }
    }

    /// The blocks of a content that are held.
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

    /// How much there is.
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
                statistics.bytes = row[0]
                statistics.blocks = row[1]
                statistics.contents = row[2]
                statistics.oldestUse = (row[3] as Int64?).map { Date(timeIntervalSince1970: Double($0) / 1e6) }
                statistics.limit = (row[4] as String?).flatMap { Int64($0) }
            }
            return statistics
        }
    }

    /// A note that processes leave for each other.
    func setting(_ name: String) throws(IndexFailure) -> String? {
        try read { database in
            try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
        }
    }

    /// Leaves a note.
    func set(_ name: String, to value: String) throws(IndexFailure) {
        guard try setting(name) != value else { return }
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", arguments: [name, value])
        }
    }

    // MARK: For the sweep

    /// The folders that have, or will have, files of blocks.
    func folders() throws(IndexFailure) -> Set<Int64> {
        try read { database in
            try Int64.fetchSet(
                database, sql: "SELECT id / ?1 FROM block UNION SELECT id / ?1 FROM reservation",
                arguments: [BlockFolder.idsInFolder])
        }
    }

    /// The blocks whose files are in a folder, with the sizes that these should have.
    func blocks(in folder: Int64) throws(IndexFailure) -> [Int64: Int64] {
        try entries("block", in: folder)
    }

    /// The blocks of a folder that are being written.
    func reservations(in folder: Int64) throws(IndexFailure) -> [Int64: Int64] {
        try entries("reservation", in: folder)
    }

    private func entries(_ table: String, in folder: Int64) throws(IndexFailure) -> [Int64: Int64] {
        try read { database in
            let first = folder.multipliedSaturated(by: BlockFolder.idsInFolder)
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, bytes FROM \(table) WHERE id >= ? AND id < ?",
                arguments: [first, first.addingSaturated(BlockFolder.idsInFolder)])
            var entries: [Int64: Int64] = [:]
            while let row = try rows.next() { entries[row[0]] = row[1] }
            return entries
        }
    }

    /// The owners of blocks that are being written.
    func owners() throws(IndexFailure) -> Set<String> {
        try read { try String.fetchSet($0, sql: "SELECT DISTINCT owner FROM reservation") }
    }

    /// Looks whether the index is whole, all of it: some milliseconds for ten thousand blocks.
    ///
    /// - Throws: that it is damaged.
    func check() throws(IndexFailure) {
        try read { database in
            let answer = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
            guard answer == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: answer) }
        }
    }

    /// Makes the account agree with the rows, in case SQLite's file was damaged in a way that SQLite can't notice.
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

    /// Asks; one statement at a time sees what is committed.
    func read<Value>(_ body: (Database) throws -> Value) throws(IndexFailure) -> Value {
        do {
            // Without a transaction, which would cost more than the query.
            return try pool.unsafeRead(body)
        } catch {
            throw IndexFailure(error)
        }
    }

    /// Changes, in a transaction that locks out all other processes' changes.
    func write<Value>(_ body: (Database) throws -> Value) throws(IndexFailure) -> Value {
        do {
            return try pool.write(body)
        } catch {
            throw IndexFailure(error)
        }
    }
}

extension Database {
    /// Whether the index has contents of a recording that are not this one.
    func hasOtherContents(than content: CacheContent) throws -> Bool {
        try Bool.fetchOne(
            cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM content WHERE sid = ?1 AND NOT (tag = ?2 AND size = ?3))"),
            arguments: [content.sid, content.entityTag, content.size]) ?? false
    }
}
