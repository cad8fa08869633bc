import CLinux
import GRDB
import Support

/// A period of bulk writing, in which lists are fetched for the first time and SQLite doesn't flush its writes.
///
/// Several lists may be fetched at once; the first begins the period, and the last ends it.
final class BulkPeriod: Sendable {
    private struct State {
        var count = 0
        var running: (database: CatalogDatabase, writing: BulkWriting)?
        /// The marker of an earlier period whose flush failed; it is removed after a later flush succeeds.
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
        // Taken out of the state, since the end of an earlier period may remove the marker meanwhile.
        let leftMarker = state.withLock { $0.leftMarker.take() }
        if let writing = BulkWriting(database, leftMarker: leftMarker, copyingOn: copier) {
            state.withLock { $0.running = (database, writing) }
        } else if let leftMarker {
            keep(leftMarker)
        }
    }

    /// Starts copying the journal; called after each transaction, on its thread.
    func wrote() { state.withLock { $0.running }?.writing.wrote() }

    /// Balances ``begin(_:copyingOn:)``; the last call ends the period.
    ///
    /// - Parameter worker: the thread that flushes the disk and frees memory; nil, or one that was shut down, for the
    ///   calling thread.
    func end(flushingOn worker: WorkerPool?) {
        let running = state.withLock { state -> (database: CatalogDatabase, writing: BulkWriting)? in
            state.count -= 1
            guard state.count == 0 else { return nil }
            defer { state.running = nil }
            return state.running
        }
        guard let running else { return }
        running.writing.stop()
        let flush: @Sendable () -> Void = { [self] in
            // Taken before the flush, which covers only the writes made before it.
            let earlier = state.withLock { $0.leftMarker.take() }
            if let marker = running.writing.flush() {
                keep(marker)
                if let earlier { keep(earlier) }
            } else {
                earlier?.end(isFlushed: true)
            }
            (running.database.pool as? DatabasePool)?.releaseMemory()
            twiliofs_release_freed_memory()
        }
        if worker?.run(flush) != true { flush() }
    }

    private func keep(_ marker: BulkMarker) {
        let isOnly = state.withLock { state in
            guard state.leftMarker == nil else { return false }
            state.leftMarker = marker
            return true
        }
        // One marker suffices.
        if !isOnly { marker.end(isFlushed: true) }
    }
}
