import Logging
import Support

extension CacheCore {
    private var isShutDown: Bool { upkeep.changeQuietly { $0.isShutDown } }

    /// Runs until the cache is shut down, on a thread of its own, since a turn may take long.
    func runUpkeep() {
        var nextFullTurn = ContinuousClock.now
        var nextRoom = ContinuousClock.now
        var nextSweep = ContinuousClock.now
        var swept: OpenStore?
        while true {
            let isEnd = upkeep.wait(timeout: timing.interval) { state -> Bool? in
                if state.isShutDown { return true }
                guard state.isWanted else { return nil }
                state.isWanted = false
                return false
            }
            if isEnd == true { return }
            let now = ContinuousClock.now
            if let store = openedStore(at: now) {
                // What fails in one step must not keep the others from their work: the limit and the free space.
                attempt(store) { () throws(IndexFailure) in
                    guard swept !== store, now >= nextSweep else { return }
                    nextSweep = now + timing.pause
                    if try sweep(store) { swept = store }
                }
                attempt(store) { () throws(IndexFailure) in try removeStale(store) }
                attempt(store) { () throws(IndexFailure) in try store.settle() }
                attempt(store) { () throws(IndexFailure) in
                    // Some file systems report freed space late: the interval prevents a second eviction for the same
                    // shortage.
                    if now >= nextRoom, try makeRoom(store) { nextRoom = now + timing.interval }
                }
                attempt(store) { () throws(IndexFailure) in
                    guard now >= nextFullTurn else { return }
                    nextFullTurn = now + timing.pause
                    if try store.cancelOfDeadOwners() { _ = try sweep(store) }
                }
            }
            upkeep.change { $0.turns += 1 }
        }
    }

    /// Does a step of the upkeep, and handles its failure.
    private func attempt(_ store: OpenStore, _ step: () throws(IndexFailure) -> Void) {
        do throws(IndexFailure) { try step() } catch { note(error, store) }
    }

    /// The current store; opens one if there is none or the folder's store was replaced.
    private func openedStore(at now: ContinuousClock.Instant) -> OpenStore? {
        if let store = state.withLock({ $0.store }) {
            if store.isCurrent { return store }
            lose(store)
        }
        let (mayOpen, damaged) = state.withLock { ($0.opening.isOver(at: now), $0.damagedIndex) }
        guard mayOpen else { return nil }
        do throws(DiskCacheError) {
            let store = try OpenStore.open(folder, damaged: damaged, patience: timing.patience)
            let wasSuspended = state.withLock { state in
                state.store = store
                state.damagedIndex = nil
                return state.opening.finish()
            }
            // A damaged index was logged when it was found.
            if damaged == nil { logFault(of: store) }
            if wasSuspended { logger.notice("the disk cache is in use again") }
            return store
        } catch {
            noteOpening(error)
            return nil
        }
    }

    /// Sweeps the store; returns whether nothing was left out.
    private func sweep(_ store: OpenStore) throws(IndexFailure) -> Bool {
        try store.index.set("limit", to: "\(limit)")
        let result = try Sweep(store: store) { self.isShutDown }.run()
        if result.orphans + result.blocks > 0 {
            logger.info(
                "disk cache: removed \(result.orphans) orphaned files and \(result.blocks) entries without a file")
        }
        if let failure = result.failures.first {
            let isNews = state.withLock { state in
                defer { state.hasToldOfLeftovers = true }
                return !state.hasToldOfLeftovers
            }
            logger.log(
                level: isNews ? .warning : .debug,
                "the disk cache '\(folder)' has something that can't be read or removed (\(failure)); it isn't counted")
        }
        return result.failures.isEmpty
    }

    private func removeStale(_ store: OpenStore) throws(IndexFailure) {
        let contents = state.withLock { state in
            defer { state.staleRecordings = [:] }
            return state.staleRecordings.values.map { $0 }
        }
        for content in contents {
            try store.index.remove(.otherContents(than: content), store.files)
        }
    }

    /// Evicts the excess over a lowered limit, then enough for the minimum of free space.
    ///
    /// Returns whether space had to be freed for other users of the file system.
    private func makeRoom(_ store: OpenStore) throws(IndexFailure) -> Bool {
        while !isShutDown, try !store.index.evict(downTo: limit, store.files, store.uses) {}
        guard let free = store.files.freeBytes, free < minimumFree else { return false }
        var wanted = minimumFree - free
        while wanted > 0, !isShutDown {
            let freed = try store.index.evict(wanted, store.files, store.uses)
            if freed == 0 { break }
            wanted -= freed
        }
        return true
    }
}
