import GRDB
import Support

extension BlockIndex {
    enum Reservation: Hashable, Sendable {
        /// The bytes are reserved under this number. `hasOtherContents` means that the recording has obsolete contents.
        case reserved(id: Int64, hasOtherContents: Bool)
        /// The block is stored, or being written.
        case held
        /// The block exceeds the limit, or too much would have to be evicted at once.
        case noRoom
    }

    /// Reserves the bytes of a block's file, after evicting the least recently used blocks.
    ///
    /// - Parameters:
    ///   - owner: the name of the process that stores the block, as in the folder of owners.
    ///   - limit: the most bytes of all files.
    func reserve(
        _ place: BlockPlace, bytes: Int64, for owner: String, limit: Int64, _ files: BlockFolder, _ uses: UseLog
    ) throws(IndexFailure) -> Reservation {
        try write { database in
            let content = place.content
            let isBeingWritten = try Bool.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM content JOIN reservation ON reservation.content = content.id
                            WHERE sid = ? AND tag = ? AND size = ? AND number = ?)
                        """),
                arguments: [content.sid, content.entityTag, content.size, place.number])
            if isBeingWritten == true { return .held }
            if let block = try database.block(at: place) {
                if block.bytes == bytes { return .held }
                // A block of another length can't be read any more.
                try database.remove([block.id], files)
            }
            guard bytes <= limit else { return .noRoom }
            let excess = try database.accountedBytes().addingSaturated(bytes).subtractingSaturated(limit)
            if excess > 0, try database.evict(excess, files, uses) < excess { return .noRoom }

            // The content is inserted only now, since eviction may have removed it.
            try database.cachedStatement(
                sql: "INSERT INTO content (sid, tag, size) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
            ).execute(arguments: [content.sid, content.entityTag, content.size])
            try database.cachedStatement(
                sql: """
                    INSERT INTO reservation (content, number, bytes, owner)
                    SELECT id, ?, ?, ? FROM content WHERE sid = ? AND tag = ? AND size = ?
                    """
            ).execute(arguments: [place.number, bytes, owner, content.sid, content.entityTag, content.size])
            return .reserved(
                id: database.lastInsertedRowID, hasOtherContents: try database.hasOtherContents(than: content))
        }
    }

    /// Turns a reservation into a block, after its file was written and renamed.
    ///
    /// If the content was removed meanwhile, it removes reservation and file. `time` is the block's first use, in
    /// microseconds.
    func commit(_ id: Int64, time: Int64, files: BlockFolder) throws(IndexFailure) {
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
        }
    }

    /// Evicts least recently used blocks, and returns the bytes freed.
    ///
    /// They are fewer than requested if there are too few blocks, or if the transaction would take too long.
    func evict(_ bytes: Int64, _ files: BlockFolder, _ uses: UseLog) throws(IndexFailure) -> Int64 {
        try write { try $0.evict(bytes, files, uses) }
    }

    /// Evicts one batch of the excess over a limit, and returns whether nothing is left to evict.
    func evict(downTo limit: Int64, _ files: BlockFolder, _ uses: UseLog) throws(IndexFailure) -> Bool {
        // The read locks nobody out; usually there is nothing to evict.
        guard try read({ try $0.accountedBytes() }) > limit else { return true }
        return try write { database in
            let excess = try database.accountedBytes().subtractingSaturated(limit)
            guard excess > 0 else { return true }
            // Reservations can't be evicted, and are soon resolved.
            let freed = try database.evict(excess, files, uses)
            return freed >= excess || freed == 0
        }
    }

    /// Writes the noted uses to the index.
    func note(_ uses: UseLog) throws(IndexFailure) {
        guard !uses.isEmpty else { return }
        try write { try $0.note(uses) }
    }
}

extension Database {
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
            let entry = try BlockIndex.Entry(row)
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
