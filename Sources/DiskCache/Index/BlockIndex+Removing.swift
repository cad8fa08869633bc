import GRDB

extension BlockIndex {
    /// Which blocks are meant.
    enum Selection {
        /// Those of a recording.
        case recording(sid: String)

        /// Those of a content's recording that are of other contents.
        case otherContents(than: CacheContent)

        /// All that were there at a moment: those up to a number.
        case all(upTo: Int64)

        fileprivate var condition: (sql: String, arguments: StatementArguments) {
            switch self {
            case .recording(let sid): ("content IN (SELECT id FROM content WHERE sid = ?)", [sid])
            case .otherContents(let content):
                (
                    "content IN (SELECT id FROM content WHERE sid = ?1 AND NOT (tag = ?2 AND size = ?3))",
                    [content.sid, content.entityTag, content.size]
                )
            case .all(let last): ("id <= ?", [last])
            }
        }
    }

    /// The highest number that was given so far.
    func lastID() throws(IndexFailure) -> Int64 {
        try read { database in
            try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'reservation'") ?? 0
        }
    }

    /// Removes blocks, and has those that are being written removed as soon as they are.
    ///
    /// In several transactions, so that nobody waits long.
    func remove(_ selection: Selection, _ files: BlockFolder) throws(IndexFailure) {
        let (condition, arguments) = selection.condition
        // Without locking anybody out when there is nothing, as is often the case.
        let isEmpty = try read { database in
            try ["block", "reservation"].allSatisfy { table in
                try Bool.fetchOne(
                    database, sql: "SELECT NOT EXISTS (SELECT 1 FROM \(table) WHERE \(condition))",
                    arguments: arguments) ?? true
            }
        }
        if isEmpty { return }
        var isDone = false
        while !isDone {
            isDone = try write { database in
                try database.execute(
                    sql: "UPDATE reservation SET is_wanted = 0 WHERE is_wanted = 1 AND \(condition)",
                    arguments: arguments)
                let ids = try Int64.fetchAll(
                    database, sql: "SELECT id FROM block WHERE \(condition) LIMIT \(Self.batch)", arguments: arguments)
                try database.remove(ids, files)
                return ids.count < Self.batch
            }
        }
    }

    /// Removes single blocks.
    func remove(_ ids: [Int64], _ files: BlockFolder) throws(IndexFailure) {
        var rest = ids[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            try write { try $0.remove(some, files) }
        }
    }

    /// Gives reservations back, with what was written.
    func cancel(_ ids: [Int64], _ files: BlockFolder) throws(IndexFailure) {
        guard !ids.isEmpty else { return }
        try write { database in
            for id in ids {
                // It may be a block: when committing it has failed, perhaps only the answer was lost.
                try files.remove(id, alsoTemporary: true)
                try database.cachedStatement(sql: "DELETE FROM reservation WHERE id = ?").execute(arguments: [id])
                try database.cachedStatement(sql: "DELETE FROM block WHERE id = ?").execute(arguments: [id])
            }
        }
    }

    /// Gives the reservations of an owner back that is no more.
    func cancelAll(of owner: String, _ files: BlockFolder) throws(IndexFailure) {
        let ids = try read { database in
            try Int64.fetchAll(database, sql: "SELECT id FROM reservation WHERE owner = ?", arguments: [owner])
        }
        try cancel(ids, files)
    }
}

extension Database {
    /// Removes the files of blocks, and then their rows.
    ///
    /// When a file can't be removed, all rows stay: those without a file are found to be misses.
    func remove(_ ids: [Int64], _ files: BlockFolder) throws {
        let statement = try cachedStatement(sql: "DELETE FROM block WHERE id = ?")
        for id in ids {
            try files.remove(id)
            try statement.execute(arguments: [id])
        }
    }
}
