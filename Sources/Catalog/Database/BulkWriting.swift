import GRDB
import Support

/// Writes much without waiting for the disk, as long as a list is first brought here.
///
/// What is written goes to SQLite's journal and from there to the file. The thread that writes would do both by turns;
/// so another one, with a connection of its own, copies what was written while the next is.
final class BulkWriting: Sendable {
    private struct State {
        /// Whether the other thread was asked to copy, and hasn't begun.
        var isWanted = false
        var isCopying = false
        var isEnding = false

        /// Pages in the journal, as far as was looked.
        var journal = 0

        /// Whether the database waits for the disk again.
        var isRestored = false
    }

    private let database: CatalogDatabase
    private let marker: BulkMarker
    private let connection: DatabaseQueue
    private let copier: WorkerPool
    private let journalLimit: Int
    private let state = Condition(State())

    /// Begins; nil when that can't be, and the disk is to be waited for.
    ///
    /// - Parameters:
    ///   - leftMarker: what ``flush()`` returned before; nil when it was nothing.
    ///   - copier: the other thread.
    ///   - journalLimit: pages of the journal, beyond which the thread that writes waits until all of it is copied, so
    ///     that it begins anew; as long as it otherwise becomes, if nothing else is said.
    init?(
        _ database: CatalogDatabase, leftMarker: BulkMarker? = nil, copyingOn copier: WorkerPool,
        journalLimit: Int = CatalogDatabase.checkpointInterval
    ) {
        guard let marker = leftMarker ?? BulkMarker(beside: database.path) else { return nil }
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

    /// Is to be called after each transaction, by who has made it; waits when the journal is too long.
    func wrote() {
        // Never two transactions ahead of the other thread: its looks would come too late for the limit.
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
            // All of it is copied: SQLite begins it anew with what is written next.
            state.journal = 0
            return ()
        }
    }

    /// Ends copying, and makes the database wait for the disk again; to be called where transactions are made.
    func stop() {
        state.change { $0.isEnding = true }
        state.waitWithoutEnd { $0.isWanted || $0.isCopying ? nil : () }
        try? connection.close()
        let isRestored = Self.restore(database)
        state.change { $0.isRestored = isRestored }
    }

    /// Waits until the disk has everything; to be called once, after ``stop()``.
    ///
    /// - Returns: the marker, when the disk doesn't take everything, for instance because it is full; nil when the
    ///   marker was removed.
    func flush() -> BulkMarker? {
        let isFlushed = state.changeQuietly { $0.isRestored } && marker.flushFileSystem()
        marker.end(isFlushed: isFlushed)
        return isFlushed ? nil : marker
    }

    private func copy() {
        state.change { ($0.isWanted, $0.isCopying) = (false, true) }
        // One that fails, on a full disk for instance, leaves everything in the journal, and is tried again later.
        let frames = try? connection.writeWithoutTransaction { try $0.checkpoint(.passive) }
        state.change { state in
            state.isCopying = false
            if let frames { state.journal = frames.walFrameCount }
        }
    }

    /// Has the database wait for the disk again, and empties the journal as far as readers allow; the rest is flushed
    /// with it.
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
