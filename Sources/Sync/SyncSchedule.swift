import Catalog
import Support

/// A task that brings a list up to date.
enum SyncTask: Hashable, CaseIterable {
    /// Fetches missing parts.
    case fill
    /// Fetches new resources.
    case refresh
    /// Fetches everything again, to find removed recordings.
    case pass
}

/// Decides which tasks of a list are due, and holds the waiters: a state machine without I/O.
///
/// A list is *filled* until the catalog has all that the mount shows; a restart continues the fill. From then on it is
/// *refreshed*: new resources are requested, more often while the mount is used. Rarely, a *pass* fetches the whole
/// list to find removed recordings. Opening a directory waits for a fill, and fails with it. It waits only briefly for
/// a refresh, because the list is complete, though perhaps not the latest.
///
/// A list that Twilio *refuses* to the credentials isn't shown, complete or not. It is requested again only after the
/// interval of refreshes, however often it is opened: each request would be refused likewise.
///
/// Times are seconds since 1970. The owner calls a schedule under a lock, and acts on the results afterwards.
struct SyncSchedule<Waiter> {
    enum Answer: Equatable {
        /// The list is complete, and is fresh or has just failed to be refreshed.
        case ready
        /// Twilio has just refused the list.
        case refused
        /// The waiter is held; the owner starts the task.
        case start(SyncTask)
        /// The waiter is held.
        case wait
    }

    /// The seconds without use after which refreshes become rare.
    private static var rareAfter: Int64 { 300 }

    /// The seconds without use after which no task starts.
    private static var pausedAfter: Int64 { 3600 }

    /// The factor between the intervals of rare and of usual refreshes.
    private static var rarity: Int64 { 10 }

    /// The seconds between a failure and a retry that nobody requested.
    private static var retryAfter: Int64 { 60 }

    private let refreshInterval: Int64?
    private let passInterval: Int64
    /// Whether the catalog has the whole list.
    private(set) var isComplete: Bool
    /// The start of the last successful refresh, or of a fill of the whole list.
    private(set) var refreshed: Int64?
    /// Whether this mount has refreshed or filled the list.
    private var isRefreshedHere = false
    /// The start of the last completed pass, or of a fill of the whole list.
    private(set) var passed: Int64?
    /// The time of the last failure of a pass.
    private var passFailed: Int64?

    private(set) var running: Set<SyncTask> = []
    /// The tasks that ran when the catalog lost everything; their results don't count.
    private(set) var discounted: Set<SyncTask> = []
    /// The failure of the latest fill or refresh; nil after a success.
    private(set) var failure: CatalogError?
    private var failed: Int64?
    /// The latest refusal of Twilio's; nil once Twilio has sent anything of the list.
    private(set) var refusal: CatalogError?
    /// The number of changes of the credentials: a refusal of former ones says nothing about the present ones.
    private(set) var credentials = 0
    /// The value of ``credentials`` when each running task began.
    private var begunWith: [SyncTask: Int] = [:]

    private var waiters: [(waiter: Waiter, deadline: ContinuousClock.Instant?)] = []

    /// Makes a schedule from the stored times, which may come from other mounts.
    ///
    /// `refreshInterval` is the time between refreshes while the mount is used; nil means one refresh, after mounting.
    init(isComplete: Bool, refreshed: Int64?, passed: Int64?, refreshInterval: Int64?, passInterval: Int64) {
        self.isComplete = isComplete
        // A refresh by another or an earlier mount counts while it is fresh.
        self.refreshed = refreshed
        self.passed = passed
        self.refreshInterval = refreshInterval
        self.passInterval = passInterval
    }

    /// Requests the list; the waiter is held until the list can be used, or at most for `patience` during a refresh.
    mutating func request(
        _ waiter: Waiter, now: Int64, instant: ContinuousClock.Instant, patience: Duration
    ) -> Answer {
        if isRefusalInForce(now: now) { return .refused }
        guard isComplete else {
            waiters.append((waiter, nil))
            return begin(.fill)
        }
        if refusal == nil, isFresh(now: now) || hasJustFailed(now: now) { return .ready }
        waiters.append((waiter, instant + patience))
        return begin(.refresh)
    }

    /// Starts and returns the tasks that are due without a request.
    ///
    /// - Parameter idle: seconds since the last use of the mount.
    mutating func due(now: Int64, idle: Int64) -> [SyncTask] {
        guard idle < Self.pausedAfter else { return [] }
        var tasks: [SyncTask] = []
        if refusal != nil {
            let interval = retryInterval * (idle < Self.rareAfter ? 1 : Self.rarity)
            if age(of: failed, at: now) >= interval { tasks.append(isComplete ? .refresh : .fill) }
        } else if !isComplete {
            if age(of: failed, at: now) >= Self.retryAfter { tasks.append(.fill) }
        } else {
            if isRefreshDue(now: now, idle: idle) { tasks.append(.refresh) }
            if age(of: passed, at: now) >= passInterval, age(of: passFailed, at: now) >= Self.retryAfter {
                tasks.append(.pass)
            }
        }
        return tasks.filter { begin($0) == .start($0) }
    }

    /// Ends a task that started at `begun`, and returns its waiters.
    ///
    /// - Parameter isWholeList: whether it fetched the whole list, which counts as a refresh and as a pass, if the
    ///   catalog has noted it.
    mutating func finish(
        _ task: SyncTask, _ result: Result<Void, CatalogError>, begun: Int64, isWholeList: Bool = false, now: Int64
    ) -> [Waiter] {
        running.remove(task)
        let begunWith = begunWith.removeValue(forKey: task) ?? credentials
        let isDiscounted = discounted.remove(task) != nil
        switch (task, result) {
        case (_, .success) where isDiscounted:
            break
        case (_, .failure(let error)) where isDiscounted:
            // It says nothing of the database, but perhaps of the credentials.
            noteRefusal(error, of: begunWith, now: now)
        case (_, .failure(let error)) where error.isDisorder:
            noteDisorder()
        case (.fill, .success):
            isComplete = true
            (failure, failed, refusal) = (nil, nil, nil)
            if isWholeList {
                (refreshed, passed) = (begun, begun)
                isRefreshedHere = true
            }
        case (.refresh, .success):
            refreshed = begun
            isRefreshedHere = true
            (failure, failed, refusal) = (nil, nil, nil)
        case (.pass, .success):
            passed = begun
            passFailed = nil
        case (.pass, .failure(let error)):
            // The pass is retried, and its coverage is kept.
            passFailed = now
            noteRefusal(error, of: begunWith, now: now)
        case (.fill, .failure(let error)), (.refresh, .failure(let error)):
            (failure, failed) = (error, begunWith == credentials || refusal == nil ? now : nil)
            noteRefusal(error, of: begunWith, now: now)
        }
        guard task != .pass else { return [] }
        defer { waiters = [] }
        return waiters.map(\.waiter)
    }

    /// Notes that the list isn't ordered, so that nothing is covered any more; the next fill begins at once.
    mutating func noteDisorder() {
        isComplete = false
        if refusal == nil { (failure, failed) = (nil, nil) }
    }

    /// Whether the list was refused so lately that it isn't requested again.
    func isRefusalInForce(now: Int64) -> Bool { refusal != nil && age(of: failed, at: now) < retryInterval }

    /// The refusal, unless there are other credentials since.
    var refusalOfCredentials: CatalogError? { failed == nil ? nil : refusal }

    /// Begins a request for a part of the list; returns false if the part isn't to be requested now.
    ///
    /// Of a list that is refused to the present credentials, one part is requested in each interval, however many are
    /// wanted at the same time.
    mutating func beginPart(now: Int64) -> Bool {
        if isRefusalInForce(now: now) { return false }
        if refusalOfCredentials != nil { failed = now }
        return true
    }

    /// Notes a failure of any request, if it is a refusal of the list.
    ///
    /// - Parameter credentials: the value of ``credentials`` when the request began.
    mutating func noteRefusal(_ error: CatalogError, of credentials: Int, now: Int64) {
        guard error.code == .refusedList else { return }
        (failure, failed, refusal) = (error, credentials == self.credentials ? now : nil, error)
    }

    /// Notes that Twilio has sent a part of the list.
    mutating func noteAccess() {
        if refusal != nil { (failure, failed, refusal) = (nil, nil, nil) }
    }

    /// Notes that there are other credentials: a list that was refused is requested when it is next wanted.
    mutating func credentialsDidChange() {
        credentials += 1
        if refusal != nil { failed = nil }
    }

    /// Removes and returns the waiters past their deadlines.
    mutating func expire(_ instant: ContinuousClock.Instant) -> [Waiter] {
        let expired = waiters.filter { $0.deadline.map { $0 <= instant } ?? false }
        waiters.removeAll { $0.deadline.map { $0 <= instant } ?? false }
        return expired.map(\.waiter)
    }

    /// The earliest deadline of a waiter.
    var nextExpiry: ContinuousClock.Instant? { waiters.compactMap(\.deadline).min() }

    /// Starts over after the catalog lost everything.
    mutating func reset() {
        isComplete = false
        discounted = running
        (refreshed, passed, passFailed, failure, failed, refusal) = (nil, nil, nil, nil, nil, nil)
        isRefreshedHere = false
    }

    private mutating func begin(_ task: SyncTask) -> Answer {
        guard running.insert(task).inserted else { return .wait }
        begunWith[task] = credentials
        return .start(task)
    }

    private func isFresh(now: Int64) -> Bool {
        refreshInterval.map { age(of: refreshed, at: now) < $0 } ?? isRefreshedHere
    }

    private func isRefreshDue(now: Int64, idle: Int64) -> Bool {
        guard let refreshInterval else { return !isRefreshedHere && age(of: failed, at: now) >= Self.retryAfter }
        let interval = refreshInterval * (idle < Self.rareAfter ? 1 : Self.rarity)
        return age(of: refreshed, at: now) >= interval && age(of: failed, at: now) >= interval
    }

    private func hasJustFailed(now: Int64) -> Bool { failure != nil && age(of: failed, at: now) < retryInterval }

    /// The seconds between a failure and a retry that somebody requested.
    private var retryInterval: Int64 { max(refreshInterval ?? Self.retryAfter, 1) }
}
