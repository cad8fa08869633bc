import Logging
import Support

/// The state of the cache, without its thread: the open store, the pauses and the counters.
///
/// The lock is held only while the state is read or changed.
final class CacheCore: Sendable {
    /// The durations that tests shorten.
    struct Timing: Sendable {
        /// The longest time between two turns of the upkeep.
        var interval: Duration = .seconds(5)
        /// The time between a failure and the next attempt, and between two full turns of the upkeep.
        var pause: Duration = .seconds(30)
        /// The wait for other processes' changes of the index.
        var patience: Duration = .seconds(5)
    }

    struct State {
        /// The open store; nil while none can be opened.
        var store: OpenStore?
        /// The damaged index that is to be set aside.
        var damagedIndex: FileIdentity?
        var opening = Pause()
        var pauses: [Activity: Pause] = [:]
        /// The contents to keep when the other contents of their recordings are removed, by SID.
        var staleRecordings: [String: CacheContent] = [:]
        var complaint = Complaint()
        var hits = 0
        var misses = 0
        var damaged = 0
        /// Whether the log has told of entries in the folder that can't be read or removed.
        var hasToldOfLeftovers = false
    }

    /// The activities that pause separately: a full disk does not prevent reading.
    enum Activity: String {
        case reading = "reading from the disk cache"
        case storing = "storing to the disk cache"
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

    init(
        folder: String, limit: Int64, minimumFree: Int64, timing: Timing = Timing(), logger: Logger
    ) throws(DiskCacheError) {
        self.folder = folder
        self.limit = limit
        self.minimumFree = minimumFree
        self.timing = timing
        self.logger = logger
        do throws(DiskCacheError) {
            let store = try OpenStore.open(folder, patience: timing.patience)
            state.withLock { $0.store = store }
            logFault(of: store)
        } catch  where error.code != .folder {
            // The index may be locked, or the disk full: both may pass.
            noteOpening(error)
        }
    }

    /// The store; nil while there is none, or while the activity is paused.
    func usableStore(for activity: Activity) -> OpenStore? {
        state.withLock { $0.pauses[activity, default: Pause()].isOver(at: .now) ? $0.store : nil }
    }

    // MARK: Failures

    /// Handles a failed index access: discards a damaged index, or pauses the activity; logs the first failure.
    func note(_ failure: IndexFailure, _ store: OpenStore, during activity: Activity = .storing) {
        if failure.code == .damaged {
            lose(store, damage: failure)
        } else {
            pause(activity, "its index can't be used: \(failure)")
        }
    }

    /// Pauses an activity; `duration` is `timing.pause` if nil.
    func pause(_ activity: Activity, _ reason: String, for duration: Duration? = nil) {
        let isFirst = state.withLock {
            $0.pauses[activity, default: Pause()].begin(reason, for: duration ?? timing.pause, at: .now)
        }
        complain("\(activity.rawValue) is suspended: \(reason)", isFirst: isFirst)
    }

    /// Ends the pause of an activity, and logs that if the log told of a failure.
    func resume(_ activity: Activity) {
        let isTold = state.withLock { state in
            let isFirst = state.pauses[activity, default: Pause()].finish()
            let isWell = state.opening.reason == nil && state.pauses.values.allSatisfy { $0.reason == nil }
            return isWell && state.complaint.end() && isFirst
        }
        if isTold { logger.notice("\(activity.rawValue) resumed") }
    }

    /// Logs a failure as a warning, unless the log tells of one already.
    ///
    /// A disk that fails makes everything fail: reading, storing, opening. One line says it.
    private func complain(_ message: String, error: (any Error)? = nil, isFirst: Bool = true) {
        let isDue = state.withLock { $0.complaint.begin(at: .now, atLeastAfter: timing.pause) }
        guard isDue || isFirst else { return }
        logger.log(level: isDue ? .warning : .debug, "\(message)", error: error)
    }

    /// Discards the store, because its index is damaged or, without `damage`, its folder was removed.
    ///
    /// Of several calls for a store, the first logs it, and wakes the upkeep to open another.
    func lose(_ store: OpenStore, damage: IndexFailure? = nil) {
        let isFirst = state.withLock { state in
            guard state.store === store else { return false }
            state.store = nil
            if damage != nil { state.damagedIndex = store.identity }
            return true
        }
        guard isFirst else { return }
        wake()
        if let damage {
            complain("the index of the disk cache '\(folder)' is damaged (\(damage)); it is created again")
        } else {
            logger.notice("the disk cache '\(folder)' was removed; it is recreated")
        }
    }

    /// Starts a turn of the upkeep now.
    func wake() { upkeep.change { $0.isWanted = true } }

    /// Logs why the contents that an opened store replaced can't be used, if there were any.
    func logFault(of store: OpenStore) {
        guard let fault = store.fault else { return }
        logger.warning("the contents of the disk cache '\(folder)' can't be used (\(fault)); it starts empty")
    }

    /// Notes that the store can't be opened.
    func noteOpening(_ error: DiskCacheError) {
        let isFirst = state.withLock { $0.opening.begin(error.message, for: timing.pause, at: .now) }
        complain("the disk cache is suspended", error: error, isFirst: isFirst)
    }
}
