import Foundation
import Logging
import Support

/// The state of the cache, without its thread: the open store, the pauses and the counters.
///
/// The lock is held for a few lines; no code outside is called under it.
final class CacheCore: Sendable {
    /// The durations that tests shorten.
    struct Timing: Sendable {
        /// Between two turns of the upkeep.
        var interval: Duration = .seconds(5)
        /// Between a failure and the next attempt.
        var pause: Duration = .seconds(30)
        /// The wait for other processes' changes of the index.
        var patience: Duration = .seconds(5)
    }

    struct State {
        /// nil while it can't be opened.
        var store: OpenStore?
        /// The damaged index that is to be set aside.
        var damagedIndex: FileIdentity?
        var opening = Pause()
        var pauses = Pauses()
        /// By SID: the content requested last, for recordings with other contents in the index.
        var staleRecordings: [String: CacheContent] = [:]
        var hits = 0
        var misses = 0
        var damaged = 0
    }

    /// The activities that pause separately: a full disk does not prevent reading.
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

    /// Wakes the upkeep thread.
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
                logger.warning("the contents of the disk cache '\(folder)' can't be used (\(fault)); it starts empty")
            }
        } catch  where error.code != .folder {
            // The index may be locked, or the disk full: both may pass.
            noteOpening(error)
        }
    }

    // MARK: Failures

    /// Handles a failed index access: discards a damaged index, or pauses the activity; logs the first failure.
    func note(_ failure: IndexFailure, _ store: OpenStore, during activity: Activity = .storing) {
        if failure.code == .damaged {
            if lose(store, isDamaged: true) {
                logger.warning("the index of the disk cache '\(folder)' is damaged (\(failure)); it is created again")
            }
            return
        }
        pause(activity, "its index can't be used: \(failure)")
    }

    /// Pauses an activity, and logs the first pause since the last success.
    func pause(_ activity: Activity, _ reason: String, for duration: Duration? = nil) {
        let isFirst = state.withLock {
            $0.pauses[activity].begin(reason, for: duration ?? timing.pause, at: .now)
        }
        if isFirst {
            let what = activity == .reading ? "reading from the disk cache" : "storing to the disk cache"
            logger.warning("\(what) is suspended: \(reason)")
        }
    }

    /// Ends the pause of an activity, and logs that.
    func resume(_ activity: Activity) {
        if state.withLock({ $0.pauses[activity].finish() }) {
            logger.notice(
                activity == .reading ? "reading from the disk cache resumed" : "storing to the disk cache resumed")
        }
    }

    /// Discards an unusable store, and returns whether this call did so first.
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

    /// Starts a turn of the upkeep now.
    func wake() { upkeep.change { $0.isWanted = true } }

    func noteOpening(_ error: DiskCacheError) {
        if state.withLock({ $0.opening.begin(error.message, for: timing.pause, at: .now) }) {
            logger.warning("the disk cache is suspended", error: error)
        }
    }
}
