import Catalog

/// A task that brings a list up to date.
enum SyncTask: Hashable, CaseIterable {
    /// Fetches what is missing.
    case fill

    /// Fetches what is new.
    case refresh

    /// Fetches everything again, to find what is gone.
    case pass
}

/// Decides which task of a list is due, and keeps those who wait for it: a state machine without I/O.
///
/// A list is *filled* until the catalog has all that the mount shows; that survives restarts. From then on it is
/// *refreshed*: new resources are requested, as often as the mount is used. Rarely, a *pass* goes over the whole list
/// to find the recordings that are gone. Opening a directory waits for a fill, and fails with it. It waits only a
/// moment for a refresh, because the list is complete, if not the latest.
///
/// Times are seconds since 1970. The owner calls it under a lock, and afterwards does what it returned.
struct SyncSchedule<Waiter> {
    /// The answer to a request.
    enum Answer: Equatable {
        /// The list is complete, and fresh enough.
        case ready

        /// The waiter was kept; the owner begins the task.
        case start(SyncTask)

        /// The waiter was kept.
        case wait
    }

    /// Seconds without use until refreshes become rare, and until all tasks stop.
    private static var rareAfter: Int64 { 300 }
    private static var pausedAfter: Int64 { 3600 }

    /// The factor by which refreshes become rarer.
    private static var rarity: Int64 { 10 }

    /// Seconds after a failure until the task is tried again without a request.
    private static var retryAfter: Int64 { 60 }

    private let refreshInterval: Int64?
    private let passInterval: Int64

    /// Whether the catalog has the whole list.
    private(set) var isComplete: Bool

    /// When new resources were last requested, or the whole list was.
    private(set) var refreshed: Int64?

    /// Whether this mount has refreshed or filled the list.
    private var isRefreshedHere = false

    /// When the last completed pass began.
    private(set) var passed: Int64?

    /// When a pass last failed.
    private var passFailed: Int64?

    /// The tasks that run.
    private(set) var running: Set<SyncTask> = []

    /// The tasks that ran when the catalog lost everything: their results are lost too.
    private var discounted: Set<SyncTask> = []

    /// Why the latest fill or refresh failed; nil when it didn't.
    private(set) var failure: CatalogError?
    private var failed: Int64?

    private var waiters: [(waiter: Waiter, deadline: ContinuousClock.Instant?)] = []

    /// Makes a schedule.
    ///
    /// - Parameters:
    ///   - isComplete: whether the catalog has the whole list.
    ///   - refreshed: when the list was last refreshed, by whichever mount.
    ///   - passed: when the last completed pass began, of whichever mount.
    ///   - refreshInterval: seconds between refreshes while the mount is used; nil for one after mounting alone.
    ///   - passInterval: seconds between passes.
    init(isComplete: Bool, refreshed: Int64?, passed: Int64?, refreshInterval: Int64?, passInterval: Int64) {
        self.isComplete = isComplete
        // A refresh by another mount, or an earlier one, counts as long as it is fresh.
        self.refreshed = refreshed
        self.passed = passed
        self.refreshInterval = refreshInterval
        self.passInterval = passInterval
    }

    /// Takes a request for the list.
    ///
    /// - Parameters:
    ///   - waiter: kept until the list can be used, unless it can be at once.
    ///   - patience: how long it waits for a refresh, at most.
    mutating func request(
        _ waiter: Waiter, now: Int64, instant: ContinuousClock.Instant, patience: Duration
    ) -> Answer {
        guard isComplete else {
            waiters.append((waiter, nil))
            return begin(.fill)
        }
        if isFresh(now: now) || hasJustFailed(now: now) { return .ready }
        waiters.append((waiter, instant + patience))
        return begin(.refresh)
    }

    /// The tasks that are due without a request; they count as begun.
    ///
    /// - Parameter idle: seconds since the mount was last used.
    mutating func due(now: Int64, idle: Int64) -> [SyncTask] {
        guard idle < Self.pausedAfter else { return [] }
        var tasks: [SyncTask] = []
        if !isComplete {
            if age(of: failed, at: now) >= Self.retryAfter { tasks.append(.fill) }
        } else {
            if isRefreshDue(now: now, idle: idle) { tasks.append(.refresh) }
            if age(of: passed, at: now) >= passInterval, age(of: passFailed, at: now) >= Self.retryAfter {
                tasks.append(.pass)
            }
        }
        return tasks.filter { begin($0) == .start($0) }
    }

    /// Ends a task.
    ///
    /// - Parameter begun: when it began.
    /// - Returns: those who waited for it.
    mutating func finish(
        _ task: SyncTask, _ result: Result<Void, CatalogError>, begun: Int64, now: Int64
    ) -> [Waiter] {
        running.remove(task)
        let isDiscounted = discounted.remove(task) != nil
        switch (task, result) {
        case (_, .success) where isDiscounted:
            break
        case (.fill, .success):
            isComplete = true
            (failure, failed) = (nil, nil)
        case (.refresh, .success):
            refreshed = begun
            isRefreshedHere = true
            (failure, failed) = (nil, nil)
        case (.pass, .success):
            passed = begun
            passFailed = nil
        case (.pass, .failure):
            // Tried again; its coverage counts.
            passFailed = now
        case (.fill, .failure(let error)), (.refresh, .failure(let error)):
            (failure, failed) = (error, now)
        }
        guard task != .pass else { return [] }
        defer { waiters = [] }
        return waiters.map(\.waiter)
    }

    /// Lets go those who have waited long enough for a refresh.
    mutating func expire(_ instant: ContinuousClock.Instant) -> [Waiter] {
        let expired = waiters.filter { $0.deadline.map { $0 <= instant } ?? false }
        waiters.removeAll { $0.deadline.map { $0 <= instant } ?? false }
        return expired.map(\.waiter)
    }

    /// When the next one has waited long enough.
    var nextExpiry: ContinuousClock.Instant? { waiters.compactMap(\.deadline).min() }

    /// Notes that a fill fetched the whole list, which counts as a refresh and as a pass.
    mutating func noteFill(at time: Int64) {
        (refreshed, passed) = (time, time)
        isRefreshedHere = true
    }

    /// Starts over: the catalog has lost everything.
    mutating func reset() {
        isComplete = false
        discounted = running
        (refreshed, passed, passFailed, failure, failed) = (nil, nil, nil, nil, nil)
        isRefreshedHere = false
    }

    private mutating func begin(_ task: SyncTask) -> Answer {
        running.insert(task).inserted ? .start(task) : .wait
    }

    private func isFresh(now: Int64) -> Bool {
        refreshInterval.map { age(of: refreshed, at: now) < $0 } ?? isRefreshedHere
    }

    private func isRefreshDue(now: Int64, idle: Int64) -> Bool {
        guard let refreshInterval else { return !isRefreshedHere && age(of: failed, at: now) >= Self.retryAfter }
        let interval = refreshInterval * (idle < Self.rareAfter ? 1 : Self.rarity)
        return age(of: refreshed, at: now) >= interval && age(of: failed, at: now) >= interval
    }

    private func hasJustFailed(now: Int64) -> Bool {
        failure != nil && age(of: failed, at: now) < max(refreshInterval ?? Self.retryAfter, 1)
    }
}
