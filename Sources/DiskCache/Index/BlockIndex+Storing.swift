import GRDB
import Support

extension BlockIndex {
    /// Who wants to store, and what has to be kept then.
    struct Storing {
        /// The process, as in the folder of owners.
        let owner: String

        /// How many bytes all files may have together.
        let limit: Int64

        /// Where the files are.
        let files: BlockFolder

        /// The uses that the index hasn't been told yet.
        let uses: UseLog
    }

    /// What asking for room has come to.
    enum Reservation: Hashable, Sendable {
        /// There is room, under this number; other contents of the recording may be there, which nobody needs any more.
        case reserved(id: Int64, hasOtherContents: Bool)

        /// It has been stored before, or another is about to.
        case held

        /// So much has to go first that it isn't done at once.
        case noRoom
    }

    /// Makes room for a block's file: what was used least recently goes, and its bytes are counted from now on.
    ///
    /// - Parameter bytes: the size that the file will have.
    func reserve(_ place: BlockPlace, bytes: Int64, _ storing: Storing) throws(IndexFailure) -> Reservation {
        try write { database in
            let content = place.content
            let contentID = try Int64.fetchOne(
                database.cachedStatement(sql: "SELECT id FROM content WHERE sid = ? AND tag = ? AND size = ?"),
                arguments: [content.sid, content.entityTag, content.size])
            if let contentID {
                let isBeingWritten = try Bool.fetchOne(
                    database.cachedStatement(
                        sql: "SELECT EXISTS (SELECT 1 FROM reservation WHERE content = ? AND number = ?)"),
                    arguments: [contentID, place.number])
                if isBeingWritten == true { return .held }
                let row = try Row.fetchOne(
                    database.cachedStatement(sql: "SELECT id, bytes FROM block WHERE content = ? AND number = ?"),
                    arguments: [contentID, place.number])
                if let row {
                    if row[1] == bytes { return .held }
                    // Of another length: nobody can read it any more.
                    try database.remove([row[0]], storing.files)
                }
            }
            guard bytes <= storing.limit else { return .noRoom }
            let excess = try database.accountedBytes().addingSaturated(bytes).subtractingSaturated(storing.limit)
            if excess > 0, try database.evict(excess, storing.files, storing.uses) < excess { return .noRoom }

            // Only now: evicting may have removed the content.
            try database.cachedStatement(
                sql: "INSERT INTO content (sid, tag, size) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
            ).execute(arguments: [content.sid, content.entityTag, content.size])
            try database.cachedStatement(
                sql: """
                    INSERT INTO reservation (content, number, bytes, owner)
                    SELECT id, ?, ?, ? FROM content WHERE sid = ? AND tag = ? AND size = ?
                    """
            ).execute(arguments: [
                place.number, bytes, storing.owner, content.sid, content.entityTag, content.size,
            ])
            return .reserved(
                id: database.lastInsertedRowID, hasOtherContents: try database.hasOtherContents(than: content))
        }
    }

    /// Makes a reservation a block; its file has been written, and has its name.
    ///
    /// - Parameter time: when it was used first, in microseconds.
    /// - Returns: whether it is one: it isn't when the content was removed meanwhile, and the file is removed too.
    func commit(_ id: Int64, time: Int64, files: BlockFolder) throws(IndexFailure) -> Bool {
        try write { database in
            let isWanted = try Bool.fetchOne(
                database.cachedStatement(sql: "SELECT is_wanted FROM reservation WHERE id = ?"), arguments: [id])
            if isWanted == true {
                try database.cachedStatement(
                    sql: """
                        INSERT INTO block (id, content, number, bytes, used)
                        SELECT id, content, number, bytes, ? FROM reservation WHERE id = ?
                        """
                ).execute(arguments: [time, id])
            } else {
                try files.remove(id)
            }
            try database.cachedStatement(sql: "DELETE FROM reservation WHERE id = ?").execute(arguments: [id])
            return isWanted == true
        }
    }

    /// Removes least recently used blocks.
    ///
    /// - Parameter bytes: how many have to go.
    /// - Returns: how many have gone: fewer, when there are no more, or when it would take too long.
    func evict(_ bytes: Int64, _ files: BlockFolder, _ uses: UseLog) throws(IndexFailure) -> Int64 {
        try write { try $0.evict(bytes, files, uses) }
    }

    /// Removes what is beyond a limit, as far as it doesn't take too long.
    ///
    /// - Returns: whether nothing is beyond it now.
    func evict(downTo limit: Int64, _ files: BlockFolder, _ uses: UseLog) throws(IndexFailure) -> Bool {
        // Without locking anybody out when there is nothing to do, as is the rule.
        guard try read({ try $0.accountedBytes() }) > limit else { return true }
        return try write { database in
            let excess = try database.accountedBytes().subtractingSaturated(limit)
            guard excess > 0 else { return true }
            // What is being written can't go; nor does it stay for long.
            let freed = try database.evict(excess, files, uses)
            return freed >= excess || freed == 0
        }
    }

    /// Tells the index what was used.
    func note(_ uses: UseLog) throws(IndexFailure) {
        guard !uses.isEmpty else { return }
        try write { try $0.note(uses) }
    }
}

extension Database {
    /// The bytes of all files that there are, or will be.
    fileprivate func accountedBytes() throws -> Int64 {
        try Int64.fetchOne(cachedStatement(sql: "SELECT bytes FROM account")) ?? 0
    }

    fileprivate func evict(_ bytes: Int64, _ files: BlockFolder, _ uses: UseLog) throws -> Int64 {
        try note(uses)
        let victims = try leastRecentlyUsed(bytes)
        try remove(victims.map(\.id), files)
        return victims.map(\.bytes).sumSaturated()
    }

    private func leastRecentlyUsed(_ bytes: Int64) throws -> [BlockIndex.Entry] {
        var entries: [BlockIndex.Entry] = []
        var sum: Int64 = 0
        let rows = try Row.fetchCursor(cachedStatement(sql: "SELECT id, bytes FROM block ORDER BY used, id"))
        while sum < bytes, entries.count < BlockIndex.batch, let row = try rows.next() {
            let entry = BlockIndex.Entry(id: row[0], bytes: row[1])
            entries.append(entry)
            sum = sum.addingSaturated(entry.bytes)
        }
        return entries
    }

    fileprivate func note(_ uses: UseLog) throws {
        let statement = try cachedStatement(sql: "UPDATE block SET used = max(used, ?) WHERE id = ?")
        for (id, time) in uses.take() { try statement.execute(arguments: [time, id]) }
    }
}
