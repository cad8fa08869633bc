import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Keeps one list of an account up to date: holds the waiters, and starts due tasks.
///
/// ``SyncSchedule`` chooses the due tasks, and ``ListUpdater`` runs them.
final class ListSync: Sendable {
    private struct State {
        var schedule: SyncSchedule<ListCompletion>
        /// The epoch of the database that the schedule describes.
        var epoch: Int
        /// The waiters for intervals that are fetched separately.
        var intervals: [Range<Int64>: [ListCompletion]] = [:]
        /// The lines logged so far.
        var log = ListLog()

        /// Starts over if the database was replaced.
        ///
        /// The epoch is read before the lock is taken, so that the catalog's lock is never taken under it. An outdated
        /// epoch is ignored: epochs only grow.
        mutating func follow(_ latest: Int) {
            guard latest > epoch else { return }
            epoch = latest
            schedule.reset()
        }
    }

    /// Events that matter beyond the list.
    enum Event {
        /// A task has ended: recordings may have been stored or removed.
        case changed
        /// A waiter was added; it may have a deadline.
        case waiting
    }

    private let kind: MediaKind
    private let services: SyncServices
    private let updater: ListUpdater
    private let state: Locked<State>
    private let notify: @Sendable (Event) -> Void

    /// Makes a list's synchronization; `notify` is called for each event, on any thread.
    init(
        _ kind: MediaKind, services: SyncServices, notify: @escaping @Sendable (Event) -> Void
    ) throws(CatalogError) {
        self.kind = kind
        self.services = services
        self.notify = notify
        // The epoch is read before the state: at worst, the state of a newer database is discarded.
        let epoch = services.catalog.epoch
        let stored = try services.catalog.lists.state(of: kind)
        let settings = services.settings
        updater = ListUpdater(kind, services: services, lastWideRefresh: stored.refreshed)
        state = Locked(
            State(
                schedule: SyncSchedule(
                    isComplete: stored.coverage.contains(updater.shownTimes), refreshed: stored.refreshed,
                    passed: stored.passed(over: updater.shownTimes),
                    refreshInterval: settings.refreshInterval.map { max(1, $0.components.seconds) },
                    passInterval: settings.passInterval),
                epoch: epoch))
    }

    // MARK: Requests

    /// Calls `completion` once the catalog has the list, or with the failure.
    func whenListed(_ completion: @escaping ListCompletion) {
        let (now, patience, epoch) = (services.settings.now(), services.settings.patience, services.catalog.epoch)
        let answer = state.withLock { state in
            state.follow(epoch)
            return state.schedule.request(completion, now: now, instant: .now, patience: patience)
        }
        switch answer {
        case .ready: completion(.success(()))
        case .refused: whenCredentialsAreOld(completion) { [self] in whenListed(completion) }
        case .start(let task): begin(task)
        case .wait: break
        }
        if ![.ready, .refused].contains(answer) { notify(.waiting) }
    }

    /// Calls `completion` once the catalog has everything created within an interval, or with the failure.
    ///
    /// While the list is incomplete, the interval is fetched separately.
    func whenListed(_ interval: Range<Int64>, _ completion: @escaping ListCompletion) {
        guard !isComplete else {
            whenListed(completion)
            return
        }
        let now = services.settings.now()
        let isFirst = state.withLock { state -> Bool? in
            // Those who come while it is fetched wait for that.
            let isFirst = state.intervals[interval] == nil
            if isFirst, !state.schedule.beginPart(now: now) { return nil }
            state.intervals[interval, default: []].append(completion)
            return isFirst
        }
        switch isFirst {
        case nil: whenCredentialsAreOld(completion) { [self] in whenListed(interval, completion) }
        case true: fetch(interval)
        default: break
        }
    }

    /// Fails a waiter because the list is refused, unless there are other credentials meanwhile.
    ///
    /// - Parameter retry: Requests the list for the waiter with the other credentials.
    private func whenCredentialsAreOld(
        _ waiter: @escaping ListCompletion, else retry: @escaping @Sendable () -> Void
    ) {
        services.newCredentials.search { [self] in
            let now = services.settings.now()
            let refusal = state.withLock { $0.schedule.isRefusalInForce(now: now) ? $0.schedule.refusal : nil }
            if let refusal { waiter(.failure(refusal)) } else { retry() }
        }
    }

    /// Fetches an interval for its waiters.
    ///
    /// All of it if the list was refused: what the catalog has of it doesn't show that the refusal has ended.
    private func fetch(_ interval: Range<Int64>) {
        let (wasRefused, credentials) = state.withLock { ($0.schedule.refusal != nil, $0.schedule.credentials) }
        updater.fetch(interval, isAllOfIt: wasRefused) { [self] result, isFromTwilio in
            let now = services.settings.now()
            let waiters = state.withLock { state in
                switch result {
                case .success: if wasRefused, isFromTwilio { state.schedule.noteAccess() }
                case .failure(let error) where error.isDisorder: state.schedule.noteDisorder()
                case .failure(let error): state.schedule.noteRefusal(error, of: credentials, now: now)
                }
                return state.intervals.removeValue(forKey: interval) ?? []
            }
            if refusal != nil || wasRefused { log(result) }
            for waiter in waiters {
                if case .failure(let error) = result, error.isDisorder {
                    whenListed(interval, waiter)
                } else if case .failure(let error) = result, error.code == .refusedList {
                    whenCredentialsAreOld(waiter) { [self] in whenListed(interval, waiter) }
                } else {
                    waiter(result)
                }
            }
        }
    }

    /// Calls `completion` with the reason why Twilio refuses the list to the present credentials; nil if it doesn't.
    func whenRefusalIsKnown(_ completion: @escaping @Sendable (CatalogError?) -> Void) {
        guard refusal != nil else { return completion(nil) }
        services.newCredentials.search { [self] in completion(state.withLock { $0.schedule.refusalOfCredentials }) }
    }

    /// Notes that there are other credentials, with which the list may not be refused any more.
    func credentialsDidChange() { state.withLock { $0.schedule.credentialsDidChange() } }

    /// The reason why Twilio refuses the list; nil if it doesn't.
    var refusal: CatalogError? { state.withLock { $0.schedule.refusal } }

    var isComplete: Bool {
        let epoch = services.catalog.epoch
        return state.withLock { state in
            state.follow(epoch)
            return state.schedule.isComplete
        }
    }

    var status: ListStatus {
        let epoch = services.catalog.epoch
        let schedule = state.withLock { state in
            state.follow(epoch)
            return state.schedule
        }
        // A refused list that is being fetched may be refused again.
        let isRefused = (updater.progress?.pages ?? 0) == 0
        let state: ListStatus.State =
            if let refusal = schedule.refusal, isRefused {
                .refused(refusal.message)
            } else if schedule.isComplete {
                schedule.failure.map { .stale($0.message) } ?? .complete
            } else if schedule.running.contains(.fill) {
                .syncing
            } else {
                schedule.failure.map { .failed($0.message) } ?? .waiting
            }
        return ListStatus(
            state: state, progress: schedule.isComplete ? nil : updater.progress,
            refreshed: schedule.refreshed.map(Timestamp.init(seconds:)),
            passed: schedule.passed.map(Timestamp.init(seconds:)))
    }

    // MARK: Tasks

    /// Starts due tasks, and completes the waiters past their deadlines.
    ///
    /// - Parameter idle: seconds since the last use of the mount.
    /// - Returns: the next deadline.
    func look(idle: Int64) -> ContinuousClock.Instant? {
        let (now, epoch) = (services.settings.now(), services.catalog.epoch)
        let (expired, tasks, next) = state.withLock { state in
            state.follow(epoch)
            return (state.schedule.expire(.now), state.schedule.due(now: now, idle: idle), state.schedule.nextExpiry)
        }
        for waiter in expired {
            // Another look for credentials would begin the wait anew.
            if let refusal { waiter(.failure(refusal)) } else { tell(waiter) }
        }
        for task in tasks { begin(task) }
        return next
    }

    private func begin(_ task: SyncTask) {
        updater.run(task, wasRefused: refusal != nil) { [self] outcome in finish(task, outcome) }
    }

    private func finish(_ task: SyncTask, _ outcome: ListUpdater.Outcome) {
        let (now, epoch) = (services.settings.now(), services.catalog.epoch)
        let (waiters, isDiscounted) = state.withLock { state in
            state.follow(epoch)
            let isDiscounted = state.schedule.discounted.contains(task)
            let waiters = state.schedule.finish(
                task, outcome.result, begun: outcome.begun, isWholeList: outcome.isWholeList, now: now)
            return (waiters, isDiscounted)
        }
        if isDiscounted {
            services.logger.debug("the catalog was rebuilt while the list of \(kind.pluralName) was being fetched")
        } else if outcome.isDoneElsewhere {
            services.logger.debug("another mount is already fetching the whole list of \(kind.pluralName)")
        } else {
            log(outcome.result)
        }
        for waiter in waiters {
            switch (task, outcome.result) {
            case (_, .failure(let error)) where error.isDisorder:
                whenListed(waiter)
            case _ where isDiscounted:
                // What the task tells is of another database.
                whenListed(waiter)
            case (.fill, .failure(let error)) where error.code != .refusedList:
                waiter(outcome.result)
            case (.fill, .success):
                // After a long fill, a refresh comes first.
                whenListed(waiter)
            default:
                tell(waiter)
            }
        }
        notify(.changed)
    }

    /// Tells a waiter that the list is refused, or that it is complete, fresh or not.
    private func tell(_ waiter: @escaping ListCompletion) {
        if refusal != nil {
            whenCredentialsAreOld(waiter) { [self] in whenListed(waiter) }
        } else if isComplete {
            waiter(.success(()))
        } else {
            // The catalog was lost meanwhile.
            whenListed(waiter)
        }
    }

    private func log(_ result: Result<Void, CatalogError>) {
        let error: CatalogError? = if case .failure(let error) = result { error } else { nil }
        // The fetcher has told it, and the list is fetched anew.
        if error?.isDisorder == true { return }
        let now = services.settings.now()
        guard let line = state.withLock({ $0.log.note(error, now: now) }) else { return }
        services.log(
            line, error, of: "the list of \(kind.pluralName)", failed: "failed", refused: "can't be shown")
    }
}
