import GRDB

extension BlockIndex {
    enum Selection {
        case recording(sid: String)
        /// The blocks of a recording's other contents.
        case otherContents(than: CacheContent)
        /// All blocks up to a number.
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

    /// The highest number so far.
    func lastID() throws(IndexFailure) -> Int64 {
        try read { database in
            try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'reservation'") ?? 0
        }
    }

    /// Removes stored blocks, and marks those being written for removal.
    ///
    /// It uses several transactions, so that other processes don't wait long.
    func remove(_ selection: Selection, _ files: BlockFolder) throws(IndexFailure) {
        let (condition, arguments) = selection.condition
        // The read locks nobody out; often there is nothing to remove.
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

    func remove(_ ids: [Int64], _ files: BlockFolder) throws(IndexFailure) {
        var rest = ids[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            try write { try $0.remove(some, files) }
        }
    }

    /// Cancels reservations, and removes their files.
    func cancel(_ ids: [Int64], _ files: BlockFolder) throws(IndexFailure) {
        guard !ids.isEmpty else { return }
        try write { database in
            for id in ids {
                // The reservation may be a block already, if the commit succeeded and then reported an error.
                try files.remove(id, alsoTemporary: true)
                try database.cachedStatement(sql: "DELETE FROM reservation WHERE id = ?").execute(arguments: [id])
                try database.cachedStatement(sql: "DELETE FROM block WHERE id = ?").execute(arguments: [id])
            }
        }
    }

    /// Cancels the reservations of an owner that has ended.
    func cancelAll(of owner: String, _ files: BlockFolder) throws(IndexFailure) {
        let ids = try read { database in
            try Int64.fetchAll(database, sql: "SELECT id FROM reservation WHERE owner = ?", arguments: [owner])
        }
        try cancel(ids, files)
    }
}

extension Database {
    /// Removes blocks: the file of each, then its row.
    ///
    /// If a file can't be removed, all rows stay; a row without a file is a miss.
    func remove(_ ids: [Int64], _ files: BlockFolder) throws {
        let statement = try cachedStatement(sql: "DELETE FROM block WHERE id = ?")
        for id in ids {
            try files.remove(id)
            try statement.execute(arguments: [id])
        }
    }
}
