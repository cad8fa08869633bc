import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Keeps one list of an account up to date: does what its ``ListState`` says.
final class ListKeeper: Sendable {
    typealias Waiter = @Sendable (Result<Void, CatalogError>) -> Void

    private struct State {
        var list: ListState<Waiter>

        /// The database that `list` is about.
        var epoch: Int

        /// The walk of a fill or a refresh; what it tells is told of the list.
        var walker: ListWalker?

        /// Walks over single days, and who waits for them.
        var days: [Range<Int64>: [Waiter]] = [:]

        /// When the resources of the last day were last met.
        var dayMet: Int64?

        /// The failure that was logged last, while it lasts: it comes again with each attempt.
        var logged: String?

        /// The position of the last recording that was asked for because it was still being made.
        var unfinished: Int64 = 0

        /// Forgets everything about a database that is no longer in use.
        ///
        /// - Parameter latest: the epoch, read before this state was locked; epochs only grow.
        mutating func follow(_ latest: Int) {
            guard latest > epoch else { return }
            epoch = latest
            list.reset()
        }
    }

    let kind: MediaKind
    private let services: SyncServices
    private let state: Locked<State>

    /// Is told when something may have gone, and when somebody began to wait.
    private let notify: @Sendable (Event) -> Void

    /// What its owner has to know.
    enum Event {
        /// Something was stored: recordings may have gone.
        case changed

        /// Somebody waits, and has to be told in time.
        case waiting
    }

    init(
        _ kind: MediaKind, services: SyncServices, notify: @escaping @Sendable (Event) -> Void
    ) throws(CatalogError) {
        self.kind = kind
        self.services = services
        self.notify = notify
        // Read before the record: at worst, the record of a newer database is thrown away.
        let epoch = services.catalog.epoch
        let record = try services.catalog.lists.state(of: kind)
        let settings = services.settings
        state = Locked(
            State(
                list: ListState(
                    isComplete: record.coverage.contains(Self.wanted(services)), refreshed: record.refreshed,
                    passed: record.passed,
                    refreshInterval: settings.refreshInterval.map { max(1, $0.components.seconds) },
                    passInterval: settings.passInterval),
                epoch: epoch, dayMet: record.refreshed))
    }

    /// What the mount shows, in seconds; a bound in the future is none, since recordings are still to be made before
    /// it.
    private static func wanted(_ services: SyncServices) -> Range<Int64> {
        let shown = services.catalog.window.seconds
        return shown.upperBound > services.settings.now() ? shown.lowerBound..<Int64.max : shown
    }

    // MARK: Asking

    /// Calls `completion` once the list is in the catalog, or with the reason why it can't be.
    func whenListed(_ completion: @escaping Waiter) {
        let (now, patience, epoch) = (services.settings.now(), services.settings.patience, services.catalog.epoch)
        let answer = state.withLock { state in
            state.follow(epoch)
            return state.list.request(completion, now: now, instant: .now, patience: patience)
        }
        switch answer {
        case .ready: completion(.success(()))
        case .start(let task): begin(task)
        case .wait: break
        }
        if answer != .ready { notify(.waiting) }
    }

    /// Calls `completion` once what was made within an interval is in the catalog, asking for that alone if the list
    /// isn't.
    func whenListed(_ interval: Range<Int64>, _ completion: @escaping Waiter) {
        guard !isComplete else {
            whenListed(completion)
            return
        }
        let isFirst = state.withLock { state in
            defer { state.days[interval, default: []].append(completion) }
            return state.days[interval] == nil
        }
        guard isFirst else { return }
        // What is still to come of it isn't covered by this.
        let now = services.settings.now()
        let part = interval.clamped(to: Self.wanted(services)).clamped(
            to: Int64.min..<max(interval.lowerBound, now) + 1)
        let finish: ListWalker.Completion = { [self] result in
            let waiters = state.withLock { $0.days.removeValue(forKey: interval) ?? [] }
            for waiter in waiters { waiter(result) }
        }
        do throws(CatalogError) {
            let epoch = services.catalog.epoch
            var coverage = try services.catalog.lists.state(of: kind).coverage
            // As new as the list itself would be.
            coverage.remove(now - services.settings.overlap..<Int64.max)
            ListWalker(
                over: kind, intervals: coverage.gaps(in: part), purpose: .list, limit: 4, priority: .reader,
                epoch: epoch, services: services, completion: finish
            ).start()
        } catch {
            finish(.failure(error))
        }
    }

    /// Whether the database in use has the whole list.
    var isComplete: Bool {
        let epoch = services.catalog.epoch
        return state.withLock { state in
            state.follow(epoch)
            return state.list.isComplete
        }
    }

    /// How far the list is.
    var status: ListStatus {
        let epoch = services.catalog.epoch
        let (list, walker) = state.withLock { state in
            state.follow(epoch)
            return (state.list, state.walker)
        }
        let state: ListStatus.State =
            if list.isComplete {
                list.failure.map { .stale($0.message) } ?? .complete
            } else if list.running.contains(.fill) {
                .syncing
            } else {
                list.failure.map { .failed($0.message) } ?? .waiting
            }
        return ListStatus(
            state: state, progress: list.isComplete ? nil : walker?.progress,
            refreshed: list.refreshed.map(Timestamp.init(seconds:)), passed: list.passed.map(Timestamp.init(seconds:)))
    }

    // MARK: On time

    /// Begins what is due, and lets go those who have waited long enough.
    ///
    /// - Parameter idle: seconds since the mount was last used.
    /// - Returns: when somebody will have waited long enough.
    func look(idle: Int64) -> ContinuousClock.Instant? {
        let (now, epoch) = (services.settings.now(), services.catalog.epoch)
        let (expired, tasks, next) = state.withLock { state in
            state.follow(epoch)
            return (state.list.expire(.now), state.list.due(now: now, idle: idle), state.list.nextExpiry)
        }
        for waiter in expired { tell(waiter) }
        for task in tasks { begin(task) }
        return next
    }

    // MARK: Doing

    private func begin(_ task: ListState<Waiter>.Task) {
        let begun = services.settings.now()
        do throws(CatalogError) {
            switch task {
            case .fill: try fill(begun)
            case .refresh: try refresh(begun)
            case .pass: try pass(begun)
            }
        } catch {
            finish(task, .failure(error), begun)
        }
    }

    private func finish(_ task: ListState<Waiter>.Task, _ result: Result<Void, CatalogError>, _ begun: Int64) {
        let (now, epoch) = (services.settings.now(), services.catalog.epoch)
        let waiters = state.withLock { state in
            state.follow(epoch)
            if task != .pass { state.walker = nil }
            return state.list.finish(task, result, begun: begun, now: now)
        }
        log(result)
        for waiter in waiters {
            switch (task, result) {
            case (.fill, .failure):
                waiter(result)
            case (.fill, .success):
                // It may have taken long: then what is new meanwhile is asked for first.
                whenListed(waiter)
            default:
                tell(waiter)
            }
        }
        notify(.changed)
    }

    /// Tells somebody who waited for what is new that the list is whole, whether or not it is the latest.
    private func tell(_ waiter: @escaping Waiter) {
        // Unless the catalog was lost meanwhile.
        if isComplete { waiter(.success(())) } else { whenListed(waiter) }
    }

    /// Logs a failure once, however often it comes, and its end.
    private func log(_ result: Result<Void, CatalogError>) {
        let error: CatalogError? = if case .failure(let error) = result { error } else { nil }
        let before = state.withLock { state in
            defer { state.logged = error?.message }
            return state.logged
        }
        guard let error else {
            if before != nil { services.logger.notice("the list of \(kind.pluralName) can be had again") }
            return
        }
        if error.message == before {
            services.logger.debug("the list of \(kind.pluralName) failed again", error: error)
        } else {
            let list = "the list of \(kind.pluralName)"
            services.logger.failure("\(list) failed", error: ListFailure(error, list: list))
        }
    }

    private func walk(
        _ task: ListState<Waiter>.Task, _ walker: ListWalker
    ) {
        if task != .pass { state.withLock { $0.walker = walker } }
        walker.start()
    }

    /// Brings here what of the list isn't.
    private func fill(_ begun: Int64) throws(CatalogError) {
        let epoch = services.catalog.epoch
        let record = try services.catalog.lists.state(of: kind)
        let gaps = record.coverage.gaps(in: Self.wanted(services))
        let isFresh = record.coverage.isEmpty
        services.catalog.beginBulk(copyingOn: services.workers.copier)
        let walker = ListWalker(
            over: kind, intervals: gaps, purpose: .list, limit: services.settings.walkLimit, priority: .background,
            epoch: epoch, services: services
        ) { [self] result in
            // Those who wait for the list needn't wait for the disk, nor for what other views need.
            defer {
                services.writer.run { [self] in
                    try? services.catalog.makeGroupIndex()
                    services.catalog.endBulk()
                }
            }
            var result = result
            if case .success = result {
                // Begun and ended by this mount: nothing is here that had gone before, nor is anything missing.
                if isFresh {
                    state.withLock { state in
                        state.list.noteFill(at: begun)
                        state.dayMet = begun
                    }
                    result = Result { () throws(CatalogError) in
                        try services.catalog.lists.noteFill(of: kind, begun: begun, epoch: epoch)
                    }
                }
                let count = (try? services.catalog.totals(of: kind).count) ?? 0
                let recordings = count == 1 ? "recording" : "recordings"
                services.logger.info("the list of \(kind.pluralName) is complete: \(count) \(recordings)")
            }
            finish(.fill, result, begun)
        }
        walk(.fill, walker)
    }

    /// Asks for what is new.
    private func refresh(_ begun: Int64) throws(CatalogError) {
        let epoch = services.catalog.epoch
        let record = try services.catalog.lists.state(of: kind)
        // Another mount may have done so just now.
        if let refreshed = record.refreshed, let interval = services.settings.refreshInterval,
            age(of: refreshed, at: begun) < interval.components.seconds
        {
            finish(.refresh, .success(()), refreshed)
            return
        }
        let newest = try services.catalog.lists.newestResource(of: kind).map { min(max(0, $0), begun) }
        let wanted = Self.wanted(services)
        let isWide = age(of: state.withLock { $0.dayMet }, at: begun) >= services.settings.wideInterval
        let recent = newest.map { $0 - services.settings.overlap } ?? .min
        let lower = max(isWide ? min(recent, begun - services.settings.wideOverlap) : recent, wanted.lowerBound)
        let isRecent = !isWide && age(of: record.refreshed, at: begun) < 3600
        let walker = ListWalker(
            over: kind, intervals: lower < wanted.upperBound ? [lower..<wanted.upperBound] : [], purpose: .list,
            limit: services.settings.walkLimit, pageSize: isRecent ? 100 : nil, priority: .background,
            epoch: epoch, services: services
        ) { [self] result in
            guard case .success = result else {
                finish(.refresh, result, begun)
                return
            }
            if isWide { state.withLock { $0.dayMet = begun } }
            let stored = Result { () throws(CatalogError) in
                try services.catalog.lists.noteRefresh(of: kind, at: begun, epoch: epoch)
                return try unfinished(before: lower)
            }
            switch stored {
            case .success(let sids):
                confirm(sids) { [self] in finish(.refresh, $0, begun) }
            case .failure(let error):
                finish(.refresh, .failure(error), begun)
            }
        }
        walk(.refresh, walker)
    }

    /// Some of the recordings that were still being made when they were met, and that a refresh doesn't meet again:
    /// others each time.
    private func unfinished(before lower: Int64) throws(CatalogError) -> [SID] {
        let place = state.withLock { $0.unfinished }
        let found = try services.catalog.lists.unfinished(
            of: kind, createdBefore: lower, after: place, limit: services.settings.unfinishedLimit)
        let next = found.count < services.settings.unfinishedLimit ? 0 : found.last?.position ?? 0
        state.withLock { $0.unfinished = next }
        return found.map(\.sid)
    }

    /// Goes over all of the list slowly, and finds out what has gone.
    ///
    /// A recording that it hasn't met is asked for alone before it is taken for gone: were it missed because the list
    /// has shifted meanwhile, a backup that deletes what has gone would lose it.
    private func pass(_ begun: Int64) throws(CatalogError) {
        let epoch = services.catalog.epoch
        let record = try services.catalog.lists.state(of: kind)
        let wanted = Self.wanted(services)
        if age(of: record.touched, at: begun) < services.settings.passLease, !record.passCoverage.isEmpty {
            // Another mount makes it.
            finish(
                .pass, .failure(CatalogError(.incompleteList, "another mount goes over it already")), begun)
            return
        }
        try services.catalog.lists.beginPass(over: kind, now: begun)
        let walker = ListWalker(
            over: kind, intervals: record.passCoverage.gaps(in: wanted), purpose: .pass, limit: 1,
            priority: .background, epoch: epoch, services: services
        ) { [self] result in
            guard case .success = result else {
                finish(.pass, result, begun)
                return
            }
            do throws(CatalogError) {
                let unmet = try services.catalog.lists.unmet(of: kind, within: wanted)
                confirm(unmet) { [self] result in
                    finish(
                        .pass,
                        result.flatMap {
                            Result { () throws(CatalogError) in
                                try services.catalog.lists.endPass(over: kind, now: begun, epoch: epoch)
                            }
                        }, begun)
                }
            } catch {
                finish(.pass, .failure(error), begun)
            }
        }
        walk(.pass, walker)
    }

    private func confirm(
        _ sids: [SID], completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        Confirmation(sids, of: kind, finder: services.finder, completion: completion).start()
    }
}
