import Foundation
import Logging
import Support

/// The cache without its thread: what it has open, what has failed, and what it counts.
///
/// Its lock is held for a few lines, and nothing is called under it.
final class CacheCore: Sendable {
    /// How long things take that tests don't wait for.
    struct Timing: Sendable {
        /// Between two turns of the upkeep.
        var interval: Duration = .seconds(5)

        /// After a failure, before the next attempt.
        var pause: Duration = .seconds(30)

        /// For other processes' changes of the index.
        var patience: Duration = .seconds(5)
    }

    struct State {
        /// nil when it can't be opened at present.
        var store: OpenStore?

        /// The index that was found to be damaged, to be set aside.
        var damagedIndex: FileIdentity?

        var opening = Pause()
        var pauses = Pauses()

        /// By SID: the content that was asked for last, where there are others.
        var staleRecordings: [String: CacheContent] = [:]

        var isShutDown = false
        var hits = 0
        var misses = 0
        var damaged = 0
    }

    /// What is paused apart from the other: a full disk doesn't keep from reading.
    enum Activity {
        case reading
        case storing
    }

    struct Pauses {
        private var reading = Pause()
        private var storing = Pause()

        subscript(activity: Activity) -> Pause {
            get { activity == .reading ? reading : storing }
            set { if activity == .reading { reading = newValue } else { storing = newValue } }
        }
    }

    let folder: String
    let limit: Int64
    let minimumFree: Int64
    let timing: Timing
    let logger: Logger
    let state = Locked(State())

    /// Wakes the upkeep.
    let upkeep = Condition(UpkeepState())

    struct UpkeepState {
        var isWanted = true
        var isShutDown = false
        var turns = 0
    }

    init(folder: String, limit: Int64, minimumFree: Int64, timing: Timing, logger: Logger) throws(DiskCacheError) {
        self.folder = folder
        self.limit = limit
        self.minimumFree = minimumFree
        self.timing = timing
        self.logger = logger
        do throws(DiskCacheError) {
            let store = try OpenStore.open(folder, patience: timing.patience)
            state.withLock { $0.store = store }
            if let fault = store.fault {
                logger.warning("what is cached in '\(folder)' can't be used, and the cache begins anew: \(fault)")
            }
        } catch  where error.code != .folder {
            // Somebody may have it locked, or the disk may be full: that may change.
            noteOpening(error)
        }
    }

    // MARK: Failures

    /// Takes in that the index could not be read or changed, and says so once.
    func note(_ failure: IndexFailure, _ store: OpenStore, during activity: Activity = .storing) {
        if failure.code == .damaged {
            if lose(store, isDamaged: true) {
                logger.warning("the cache's index in '\(folder)' is damaged and is made anew: \(failure)")
            }
            return
        }
        pause(activity, "the cache's index can't be used: \(failure)")
    }

    /// Stops trying for a while, and says so once.
    func pause(_ activity: Activity, _ reason: String, for duration: Duration? = nil) {
        let isFirst = state.withLock {
            $0.pauses[activity].begin(reason, for: duration ?? timing.pause, at: .now)
        }
        if isFirst {
            let what = activity == .reading ? "the cache isn't used" : "nothing is cached"
            logger.warning("\(what) for a while: \(reason)")
        }
    }

    /// Takes in that it works again, and says so.
    func resume(_ activity: Activity) {
        if state.withLock({ $0.pauses[activity].finish() }) {
            logger.notice(activity == .reading ? "the cache is used again" : "caching goes on")
        }
    }

    /// Lets go of a store that is of no use.
    ///
    /// - Returns: whether nobody has done so before.
    @discardableResult
    func lose(_ store: OpenStore, isDamaged: Bool) -> Bool {
        let isFirst = state.withLock { state in
            guard state.store === store else { return false }
            state.store = nil
            if isDamaged { state.damagedIndex = store.identity }
            return true
        }
        if isFirst { wake() }
        return isFirst
    }

    /// Has the upkeep take its turn now.
    func wake() {
        upkeep.change { $0.isWanted = true }
    }

    func noteOpening(_ error: DiskCacheError) {
        if state.withLock({ $0.opening.begin(error.message, for: timing.pause, at: .now) }) {
            logger.warning("nothing is cached for a while", error: error)
        }
    }
}
