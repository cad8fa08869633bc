import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Fetches the calls of voice recordings: who called whom.
///
/// The list of calls is asked for those days alone on which there are recordings, and the day before each: a call may
/// last past midnight. Recordings have to be listed before. What was fetched stays in the catalog, so that a remount
/// continues; the last minutes are fetched again only when a recording has come whose call isn't known.
///
/// A list that Twilio refuses is asked for again like a refused list of recordings. One that was refused at mounting is
/// asked for once an hour: many keys don't reach it, for good. Until Twilio has sent some of it, nothing shows calls.
final class CallSync: Sendable {
    /// A search for the calls of the recordings created within an interval.
    private struct Run {
        var waiters: [ListCompletion]
        /// The waiters that came after its start: more recordings may be known by then.
        var next: [ListCompletion] = []
    }

    private struct State {
        /// The runs by intervals; nil is the one for all recordings.
        var runs: [Range<Int64>?: Run] = [:]
        /// The epoch of the database that was complete; nil for none.
        var completeEpoch: Int?
        /// When that was so, and the position of the last recording then: until another comes, nothing is missing.
        var settled: (time: Int64, lastPosition: Int64)?
        /// The latest failure of a run.
        var failure: (error: CatalogError, start: Start)?
        /// The number of changes of the credentials.
        var credentials = 0
        /// The latest refusal of Twilio's; nil once Twilio has sent anything of the list.
        var refusal: CatalogError?
        /// Whether Twilio has refused the list ever since the account was mounted.
        var isUnreached = false
        /// The lines logged so far.
        var log = ListLog()
        /// The last request for the newest calls, and the recordings whose calls were still unknown after it, by the
        /// position of the last one.
        var refreshed: (time: Int64, lastUnknown: Int64)?
        /// The last removal of calls without recordings.
        var cleaned: Int64?
    }

    /// The beginning of a run, or of its requests, and what was in use then.
    private struct Start {
        let time: Int64
        /// The epoch of the database.
        let epoch: Int
        /// The number of changes of the credentials until then.
        let credentials: Int
    }

    /// What a run begins with.
    private enum Step {
        /// A failure of just now.
        case fail(CatalogError)
        /// A request for one call: whether the list is still refused isn't known otherwise.
        case probe
        case fetch
    }

    /// The seconds for which calls without recordings are kept, since recordings may still come.
    static let recentSeconds: Int64 = 2 * 86_400
    private static let day: Int64 = 86_400
    /// The seconds between removals of calls without recordings.
    private static let cleaningInterval: Int64 = 86_400
    /// The seconds between requests for a list that was refused at mounting.
    private static let unreachedInterval: Int64 = 3600
    /// The requests in parallel for the calls of one directory.
    private static let readerLimit = 4
    /// The longest gap, in seconds, for which small pages suffice, and their size.
    private static let shortGap: Int64 = 3600
    private static let shortPage = 100

    /// The most calls that one transaction looks at for removal.
    private static let cleaningStep = 20_000

    private let services: SyncServices
    private let lateCalls: LateCalls
    private let state: Locked<State>

    private var list: CallList { CallList(services: services) }

    init(services: SyncServices) {
        self.services = services
        lateCalls = LateCalls(services: services)
        var initial = State()
        if let refusal = services.settings.callRefusal {
            // The mount has logged it.
            let (error, now) = (CallList(services: services).failure(refusal), services.settings.now())
            _ = initial.log.note(error, now: now)
            initial.failure = (error, Start(time: now, epoch: services.catalog.epoch, credentials: 0))
            (initial.refusal, initial.isUnreached) = (error, true)
        }
        state = Locked(initial)
    }

    /// Whether directories and names show calls.
    var isShown: Bool { state.withLock { !$0.isUnreached } }

    /// The state of the list.
    var status: ListStatus.State {
        let epoch = services.catalog.epoch
        return state.withLock { state in
            if let refusal = state.refusal { return .refused(refusal.message) }
            let failure = state.failure?.error.message
            if state.completeEpoch == epoch { return failure.map { .stale($0) } ?? .complete }
            if state.runs.keys.contains(nil) { return .syncing }
            return failure.map { .failed($0) } ?? .waiting
        }
    }

    /// Whether the calls of all recordings were fetched into the database in use.
    var isComplete: Bool {
        let epoch = services.catalog.epoch
        return state.withLock { $0.completeEpoch == epoch }
    }

    /// Fetches the calls of new recordings in the background, once the list of recordings is complete.
    func recordingsHaveChanged() {
        // Not on the writing thread, which may call this: a decade has thousands of days.
        services.workers.readers.run { [self] in
            guard (try? areRecordingsListed(now: services.settings.now())) == true else { return }
            whenListed(nil) { _ in }
        }
    }

    /// Calls `completion` once the catalog has the calls of all recordings created within an interval, or with the
    /// failure.
    ///
    /// - Parameter interval: the times of creation, in seconds since 1970; nil for all recordings.
    func whenListed(_ interval: Range<Int64>?, _ completion: @escaping ListCompletion) {
        let isFirst = state.withLock { state in
            guard state.runs[interval] == nil else {
                state.runs[interval]?.next.append(completion)
                return false
            }
            state.runs[interval] = Run(waiters: [completion])
            return true
        }
        if isFirst { run(interval) }
    }

    private func run(_ interval: Range<Int64>?) {
        let start = start(at: services.settings.now())
        switch step(start) {
        case .fail(let error): answer(interval, .failure(error))
        case .probe: probe(interval, start)
        case .fetch: fetch(interval, start)
        }
    }

    private func start(at time: Int64) -> Start {
        let epoch = services.catalog.epoch
        return state.withLock { Start(time: time, epoch: epoch, credentials: $0.credentials) }
    }

    private func step(_ start: Start) -> Step {
        let usual = max(services.settings.refreshInterval?.components.seconds ?? 60, 1)
        return state.withLock { state in
            // A refusal is of the credentials; another failure may be of the database.
            if let (error, former) = state.failure,
                error.isRefusal ? former.credentials == start.credentials : former.epoch == start.epoch
            {
                let pause = state.isUnreached && error.isRefusal ? Self.unreachedInterval : usual
                if age(of: former.time, at: start.time) < pause { return .fail(error) }
            }
            guard let refusal = state.refusal else { return .fetch }
            // One run asks; the others are refused as before.
            state.failure = (refusal, start)
            return .probe
        }
    }

    /// Requests one call for a run, and goes on if Twilio sends it.
    private func probe(_ interval: Range<Int64>?, _ start: Start) {
        let priority: Priority = interval == nil ? .background : .reader
        list.request(CreationInterval(), size: 1, next: nil, priority: priority) { [self] result in
            let isAccepted = services.workers.readers.run { [self] in
                do {
                    _ = try result.get().page()
                    state.withLock { ($0.failure, $0.refusal, $0.isUnreached) = (nil, nil, false) }
                    fetch(interval, self.start(at: start.time))
                } catch {
                    finish(interval, .failure(list.failure(error)), start, whole: nil)
                }
            }
            guard !isAccepted else { return }
            let error = CatalogError(.incompleteList, "the mount ends")
            finish(interval, .failure(error), start, whole: nil)
        }
    }

    private func fetch(_ interval: Range<Int64>?, _ start: Start) {
        let now = start.time
        do throws(CatalogError) {
            // Read before the gaps: a recording that comes meanwhile isn't taken for one whose call was looked for.
            let last = try services.catalog.lastPosition()
            if isSettled(start, lastPosition: last) {
                answer(interval, .success(()))
                return
            }
            let isWhole = interval == nil ? try areRecordingsListed(now: now) : false
            let whole = isWhole ? last : nil
            let gaps = try gaps(interval, now: now)
            guard !gaps.isEmpty else {
                finish(interval, .success(()), start, whole: whole)
                return
            }
            let isRefresh = gaps.allSatisfy { $0.upperBound - $0.lowerBound <= Self.shortGap }
            try PageFetcher(
                over: list, intervals: gaps,
                limit: interval == nil ? services.settings.requestLimit : Self.readerLimit,
                pageSize: isRefresh ? Self.shortPage : nil, priority: interval == nil ? .background : .reader,
                epoch: start.epoch, services: services
            ) { [self] result in
                if case .failure(let error) = result, error.isDisorder {
                    // Nothing of the list is covered any more; the next attempt doesn't rely on its order.
                    state.withLock { ($0.completeEpoch, $0.settled) = (nil, nil) }
                    // Not on the writing thread.
                    if !services.workers.readers.run({ [self] in run(interval) }) { answer(interval, result) }
                    return
                }
                let outcome = result.flatMap { () -> Result<Void, CatalogError> in
                    Result { () throws(CatalogError) in try noteRefresh(gaps, now: now) }
                }
                finish(interval, outcome, start, whole: whole)
            }.start()
        } catch {
            finish(interval, .failure(error), start, whole: nil)
        }
    }

    /// Whether all calls were found just now, and no recording has come since: a search would find no gap.
    ///
    /// The search asks the catalog once for each day, which takes too long for each of a million directories.
    private func isSettled(_ start: Start, lastPosition: Int64) -> Bool {
        let interval = services.settings.refreshInterval?.components.seconds ?? .max
        return state.withLock { state in
            guard state.completeEpoch == start.epoch, let settled = state.settled else { return false }
            return settled.lastPosition == lastPosition && age(of: settled.time, at: start.time) < interval
        }
    }

    /// Whether the catalog has all recordings that the mount shows.
    private func areRecordingsListed(now: Int64) throws(CatalogError) -> Bool {
        let shown = services.catalog.window.seconds
        let times = shown.upperBound > now ? shown.lowerBound..<Int64.max : shown
        for kind in services.catalog.window.kinds where kind.group == .call {
            if try !services.catalog.lists.state(of: kind).coverage.contains(times) { return false }
        }
        return true
    }

    /// Notes that there are other credentials: a list that was refused is requested at once.
    func credentialsDidChange() {
        let wasRefused = state.withLock { state in
            state.credentials += 1
            return state.refusal != nil
        }
        if wasRefused { recordingsHaveChanged() }
    }

    // MARK: What is missing

    /// The times of beginning for which calls have to be fetched.
    private func gaps(_ interval: Range<Int64>?, now: Int64) throws(CatalogError) -> [Range<Int64>] {
        let shown = services.catalog.window.seconds.clamped(to: Bounds.times.lowerBound..<now + 1)
        let recorded = (interval ?? shown).clamped(to: shown)
        let calls = services.catalog.calls
        var wanted = Coverage()
        for day in try calls.daysWithRecordings(in: recorded) {
            wanted.insert(day - Self.day..<min(day + Self.day, now + 1))
        }
        let coverage = try calls.coverage()
        var gaps: [Range<Int64>] = []
        for range in wanted.ranges {
            var missing = coverage.gaps(in: range)
            var refresh: Range<Int64>?
            if range.upperBound == now + 1 {
                // The part that grows with time, which is empty if calls were fetched within this second.
                let last = missing.last.flatMap { $0.upperBound == now + 1 ? $0.lowerBound : nil } ?? now + 1
                if last == now + 1 || coverage.contains(last - 1..<last) {
                    if last <= now { missing.removeLast() }
                    // Twilio may list a call later than others that began after it.
                    let newest = last - services.settings.overlap..<now + 1
                    if try isRefreshDue(of: newest, now: now) { refresh = newest }
                }
            }
            for gap in missing { gaps.append(try widened(gap, coverage)) }
            if let refresh { gaps.append(refresh) }
        }
        return gaps
    }

    /// A gap together with the end of what was fetched before it, if a recording of that time lacks its call: when it
    /// was fetched, the call may not have been listed yet.
    private func widened(_ gap: Range<Int64>, _ coverage: Coverage) throws(CatalogError) -> Range<Int64> {
        guard gap.lowerBound > .min, coverage.contains(gap.lowerBound - 1..<gap.lowerBound) else { return gap }
        let lower = gap.lowerBound.subtractingSaturated(services.settings.overlap)
        let isUnknown = try services.catalog.calls.lastUnknown(createdIn: lower..<gap.lowerBound) != nil
        return isUnknown ? lower..<gap.upperBound : gap
    }

    /// Whether the newest calls have to be fetched: a recording has come whose call isn't known.
    private func isRefreshDue(of range: Range<Int64>, now: Int64) throws(CatalogError) -> Bool {
        let last = try services.catalog.calls.lastUnknown(createdIn: range)
        guard let last else { return false }
        guard let refreshed = state.withLock({ $0.refreshed }) else { return true }
        let interval = services.settings.refreshInterval?.components.seconds ?? Int64.max
        return last > refreshed.lastUnknown || age(of: refreshed.time, at: now) >= interval
    }

    private func noteRefresh(_ gaps: [Range<Int64>], now: Int64) throws(CatalogError) {
        guard gaps.last?.upperBound == now + 1 else { return }
        let last = try services.catalog.calls.lastUnknown(createdIn: now - services.settings.overlap..<now + 1)
        state.withLock { $0.refreshed = (now, last ?? 0) }
    }

    // MARK: Answers

    /// Notes the outcome of a run, and answers its waiters.
    ///
    /// - Parameter whole: the position of the last recording, if the run was for the calls of all recordings, which are
    ///   listed.
    private func finish(
        _ interval: Range<Int64>?, _ result: Result<Void, CatalogError>, _ start: Start, whole: Int64?
    ) {
        let now = start.time
        let failure: CatalogError? = if case .failure(let error) = result { error } else { nil }
        let (isRefused, isCleaning) = state.withLock { state in
            if let failure {
                state.failure = (failure, start)
                state.settled = nil
                if failure.isRefusal { state.refusal = failure }
            } else if state.refusal == nil {
                state.failure = nil
            }
            let isRefused = state.refusal != nil
            guard let whole, failure == nil else { return (isRefused, false) }
            state.completeEpoch = start.epoch
            state.settled = (now, whole)
            guard age(of: state.cleaned, at: now) >= Self.cleaningInterval else { return (isRefused, false) }
            state.cleaned = now
            return (isRefused, true)
        }
        // What the catalog has doesn't end a refusal by another run.
        if failure != nil || !isRefused { log(failure, now: now) }
        if isCleaning { removeIdleCalls(until: now - Self.recentSeconds, after: nil) }
        answer(interval, result)
        if whole != nil, failure == nil, !isRefused { lateCalls.look(now: now, since: now - Self.recentSeconds) }
    }

    /// Answers the waiters of a run, and starts another one for those that came meanwhile.
    private func answer(_ interval: Range<Int64>?, _ result: Result<Void, CatalogError>) {
        let run = state.withLock { state in
            let run = state.runs.removeValue(forKey: interval)
            if let next = run?.next, !next.isEmpty { state.runs[interval] = Run(waiters: next) }
            return run
        }
        for waiter in run?.waiters ?? [] { waiter(result) }
        if run?.next.isEmpty == false { self.run(interval) }
    }

    /// Removes calls step by step: the writing thread takes urgent work between two steps.
    private func removeIdleCalls(until time: Int64, after place: SID?) {
        services.writer.run(.bulk) { [self] in
            do throws(CatalogError) {
                try services.catalog.groups.makeIndex()
                let next = try services.catalog.calls.removeIdle(
                    .min..<time, after: place, limit: Self.cleaningStep)
                if let next { removeIdleCalls(until: time, after: next) }
            } catch {
                services.logger.debug("calls without recordings can't be removed", error: error)
            }
        }
    }

    private func log(_ error: CatalogError?, now: Int64) {
        guard let line = state.withLock({ $0.log.note(error, now: now) }) else { return }
        let consequence = "; without it, recordings don't tell who speaks"
        services.log(line, error, of: list.name, failed: "failed\(consequence)", refused: "is refused\(consequence)")
    }
}
