import CLinux
import GRDB
import Support

/// The time in which lists are fetched for the first time: much is written, and nothing waits for the disk.
///
/// Several lists may be fetched at once; the first begins the period, and the last ends it.
final class BulkPeriod: Sendable {
    private struct State {
        /// Lists that are being fetched.
        var count = 0
        var running: (database: CatalogDatabase, writing: BulkWriting)?

        /// The marker of an earlier period, at whose end the disk didn't take everything; it goes when a later period
        /// ends better.
        var leftMarker: BulkMarker?
    }

    private let state = Locked(State())

    /// Counts a list, and begins the period if it is the first.
    func begin(_ database: CatalogDatabase, copyingOn copier: WorkerPool) {
        let isFirst = state.withLock { state in
            state.count += 1
            return state.count == 1
        }
        guard isFirst else { return }
        let leftMarker = state.withLock { $0.leftMarker }
        guard let writing = BulkWriting(database, leftMarker: leftMarker, copyingOn: copier) else { return }
        state.withLock { ($0.running, $0.leftMarker) = ((database, writing), nil) }
    }

    /// Has what was written copied; called after each transaction, on the thread that made it.
    func wrote() {
        state.withLock { $0.running }?.writing.wrote()
    }

    /// Balances ``begin(_:copyingOn:)``; the last call waits until the disk has everything, and frees memory.
    func end() {
        let running = state.withLock { state -> (database: CatalogDatabase, writing: BulkWriting)? in
            state.count -= 1
            guard state.count == 0 else { return nil }
            defer { state.running = nil }
            return state.running
        }
        guard let running else { return }
        if let marker = running.writing.end() { state.withLock { $0.leftMarker = marker } }
        running.database.pool.releaseMemory()
        twiliofs_release_freed_memory()
    }
}
