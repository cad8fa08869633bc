import GRDB
import Support

/// Writes in bulk without flushing to the disk, while a list is fetched for the first time.
///
/// SQLite writes to its journal, and later copies the journal to the file. Here another thread copies, with its own
/// connection, while the writing thread runs the next transactions.
final class BulkWriting: Sendable {
    private struct State {
        /// A copy was requested and hasn't started.
        var isWanted = false
        var isCopying = false
        var isEnding = false
        /// The pages in the journal after the latest copy.
        var journal = 0
        /// SQLite flushes the writes to the database again.
        var isRestored = false
    }

    private let database: CatalogDatabase
    private let marker: BulkMarker
    private let connection: DatabaseQueue
    private let copier: WorkerPool
    private let journalLimit: Int
    private let state = Condition(State())

    /// Begins bulk writing; returns nil when that fails, and SQLite goes on flushing its writes.
    ///
    /// - Parameters:
    ///   - leftMarker: the marker of an earlier failed ``flush()``, if any.
    ///   - copier: the copying thread.
    ///   - journalLimit: the length of the journal, in pages, from which the writing thread waits until all pages are
    ///     copied, so that SQLite restarts the journal.
    init?(
        _ database: CatalogDatabase, leftMarker: BulkMarker? = nil, copyingOn copier: WorkerPool,
        journalLimit: Int = CatalogDatabase.checkpointInterval
    ) {
        guard !database.isStandIn, let marker = leftMarker ?? BulkMarker(beside: database.path) else { return nil }
        do {
            connection = try DatabaseQueue(path: database.path)
            try connection.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
            try database.pool.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0")
            }
        } catch {
            Self.restore(database)
            marker.end(isFlushed: leftMarker == nil)
            return nil
        }
        self.database = database
        self.marker = marker
        self.copier = copier
        self.journalLimit = journalLimit
    }

    /// To be called after each transaction, on its thread; waits while the journal is too long.
    func wrote() {
        // Waits until the previous copy has started: a writer further ahead would notice the limit too late.
        let isOpen = state.waitWithoutEnd { state -> Bool? in
            guard !state.isEnding else { return false }
            guard !state.isWanted else { return nil }
            state.isWanted = true
            return true
        }
        if isOpen, !copier.run({ [self] in copy() }) { state.change { $0.isWanted = false } }
        state.waitWithoutEnd { state in
            guard state.journal >= journalLimit else { return () }
            guard !state.isWanted, !state.isCopying else { return nil }
            // All pages are copied, so SQLite restarts the journal with the next transaction, unless a reader needs it.
            state.journal = 0
            return ()
        }
    }

    /// Ends copying, and makes SQLite flush its writes again; to be called on the writing thread.
    func stop() {
        state.change { $0.isEnding = true }
        state.waitWithoutEnd { $0.isWanted || $0.isCopying ? nil : () }
        try? connection.close()
        let isRestored = Self.restore(database)
        state.change { $0.isRestored = isRestored }
    }

    /// Flushes the disk; to be called once, after ``stop()``.
    ///
    /// Returns nil after removing the marker, or the marker if the flush failed, for instance on a full disk.
    func flush() -> BulkMarker? {
        let isFlushed = state.changeQuietly { $0.isRestored } && marker.flushFileSystem()
        marker.end(isFlushed: isFlushed)
        return isFlushed ? nil : marker
    }

    private func copy() {
        state.change { ($0.isWanted, $0.isCopying) = (false, true) }
        // After a failure, for instance on a full disk, the journal keeps everything, and a later copy retries.
        let frames = try? connection.writeWithoutTransaction { try $0.checkpoint(.passive) }
        state.change { state in
            state.isCopying = false
            if let frames { state.journal = frames.walFrameCount }
        }
    }

    /// Makes SQLite flush its writes again, and copies as much of the journal as readers allow.
    ///
    /// The rest stays in the journal, which is flushed like the file.
    @discardableResult
    private static func restore(_ database: CatalogDatabase) -> Bool {
        do {
            try database.pool.writeWithoutTransaction {
                try $0.execute(
                    sql: """
                        PRAGMA synchronous = NORMAL;
                        PRAGMA wal_autocheckpoint = \(CatalogDatabase.checkpointInterval);
                        """)
                try $0.checkpoint(.passive)
            }
            return true
        } catch {
            return false
        }
    }
}
