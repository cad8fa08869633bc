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
        // Taken in one step: the end of an earlier period may remove the marker that is left.
        let leftMarker = state.withLock { $0.leftMarker.take() }
        if let writing = BulkWriting(database, leftMarker: leftMarker, copyingOn: copier) {
            state.withLock { $0.running = (database, writing) }
        } else if let leftMarker {
            keep(leftMarker)
        }
    }

    /// Has what was written copied; called after each transaction, on the thread that made it.
    func wrote() {
        state.withLock { $0.running }?.writing.wrote()
    }

    /// Balances ``begin(_:copyingOn:)``; the last call ends the period.
    ///
    /// - Parameter worker: waits until the disk has everything, and frees memory; nil, or one that was shut down, for
    ///   the calling thread.
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
            if let marker = running.writing.flush() {
                keep(marker)
            } else {
                // The disk has what earlier periods wrote as well.
                state.withLock { $0.leftMarker.take() }?.end(isFlushed: true)
            }
            running.database.pool.releaseMemory()
            twiliofs_release_freed_memory()
        }
        if worker?.run(flush) != true { flush() }
    }

    /// Keeps the marker of a period whose data the disk doesn't have.
    private func keep(_ marker: BulkMarker) {
        let isOnly = state.withLock { state in
            guard state.leftMarker == nil else { return false }
            state.leftMarker = marker
            return true
        }
        // One marker says as much as two.
        if !isOnly { marker.end(isFlushed: true) }
    }
}
