import Catalog

/// What is to be done with one list, when, and who waits for it: a state machine without I/O.
///
/// A list is *filled* until all that the mount shows is in the catalog; that survives restarts. From then on it is
/// *refreshed*: asked for what is new, as often as somebody uses the mount. Rarely a *pass* goes over all of it and
/// finds what has gone. Who opens a directory waits for a fill, and fails with it; for a refresh just a moment, since
/// what is here is whole, if not the latest.
///
/// Times are seconds since 1970. Its owner calls it under a lock, and afterwards does what it returned.
struct ListState<Waiter> {
    /// What can be done with a list.
    enum Task: Hashable, CaseIterable {
        case fill
        case refresh
        case pass
    }

    /// What a waiter gets, and what its owner does.
    enum Answer: Equatable {
        /// The list can be told.
        case ready

        /// The waiter was kept; the owner begins this.
        case start(Task)

        /// The waiter was kept.
        case wait
    }

    /// Seconds without use until refreshes become rare, and until they and passes are left off.
    private static var rareAfter: Int64 { 300 }
    private static var pausedAfter: Int64 { 3600 }

    /// How many times rarer.
    private static var rarity: Int64 { 10 }

    /// Seconds after a failed fill until it is tried again without being asked for.
    private static var retryAfter: Int64 { 60 }

    private let refreshInterval: Int64?
    private let passInterval: Int64

    private(set) var isComplete: Bool

    /// When the list was last asked for what is new, or first began to be filled.
    private(set) var refreshed: Int64?

    /// Whether this mount has refreshed or filled the list.
    private var isRefreshedHere = false

    /// When all of it was last gone over.
    private(set) var passed: Int64?

    /// When a pass last failed.
    private var passFailed: Int64?

    /// What is being done.
    private(set) var running: Set<Task> = []

    /// What was being done when the catalog lost everything: it has brought what isn't here.
    private var discounted: Set<Task> = []

    /// Why the last attempt at what would be done next failed.
    private(set) var failure: CatalogError?
    private var failed: Int64?

    private var waiters: [(waiter: Waiter, deadline: ContinuousClock.Instant?)] = []

    /// Makes a state.
    ///
    /// - Parameters:
    ///   - refreshInterval: seconds between refreshes while the mount is used; nil for one after mounting alone.
    init(isComplete: Bool, refreshed: Int64?, passed: Int64?, refreshInterval: Int64?, passInterval: Int64) {
        self.isComplete = isComplete
        // What other mounts have asked for counts only as long as it is fresh; so does what this one's predecessor has.
        self.refreshed = refreshed
        self.passed = passed
        self.refreshInterval = refreshInterval
        self.passInterval = passInterval
    }

    /// Somebody wants to know the list.
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

    /// What is due, although nobody asks; it counts as begun.
    ///
    /// - Parameter idle: seconds since the mount was last used.
    mutating func due(now: Int64, idle: Int64) -> [Task] {
        guard idle < Self.pausedAfter else { return [] }
        var tasks: [Task] = []
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

    /// Something has ended.
    ///
    /// - Parameter begun: when it was begun.
    /// - Returns: who waited for it and can be told.
    mutating func finish(
        _ task: Task, _ result: Result<Void, CatalogError>, begun: Int64, now: Int64
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
            // Tried again with the same patience; what it met counts.
            passFailed = now
        case (.fill, .failure(let error)), (.refresh, .failure(let error)):
            (failure, failed) = (error, now)
        }
        guard task != .pass else { return [] }
        defer { waiters = [] }
        return waiters.map(\.waiter)
    }

    /// Who has waited long enough for what is new.
    mutating func expire(_ instant: ContinuousClock.Instant) -> [Waiter] {
        let expired = waiters.filter { $0.deadline.map { $0 <= instant } ?? false }
        waiters.removeAll { $0.deadline.map { $0 <= instant } ?? false }
        return expired.map(\.waiter)
    }

    /// When somebody has waited long enough, next.
    var nextExpiry: ContinuousClock.Instant? { waiters.compactMap(\.deadline).min() }

    /// The whole list was fetched at a time, which makes it as good as refreshed and gone over.
    mutating func noteFill(at time: Int64) {
        (refreshed, passed) = (time, time)
        isRefreshedHere = true
    }

    /// The catalog has lost everything.
    mutating func reset() {
        isComplete = false
        discounted = running
        (refreshed, passed, passFailed, failure, failed) = (nil, nil, nil, nil, nil)
        isRefreshedHere = false
    }

    private mutating func begin(_ task: Task) -> Answer {
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
