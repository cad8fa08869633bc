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
        var failure: (error: CatalogError, time: Int64)?
        /// The message of the failure logged last; repetitions are logged only for debugging.
        var logged: String?
        /// The last request for the newest calls, and the recordings whose calls were still unknown after it, by the
        /// position of the last one.
        var refreshed: (time: Int64, lastUnknown: Int64)?
        /// The last removal of calls without recordings.
        var cleaned: Int64?
    }

    /// The seconds for which calls without recordings are kept, since recordings may still come.
    static let recentSeconds: Int64 = 2 * 86_400
    private static let day: Int64 = 86_400
    /// The seconds between removals of calls without recordings.
    private static let cleaningInterval: Int64 = 86_400
    /// The requests in parallel for the calls of one directory.
    private static let readerLimit = 4
    /// The longest gap, in seconds, for which small pages suffice, and their size.
    private static let shortGap: Int64 = 3600
    private static let shortPage = 100

    private let services: SyncServices
    private let state = Locked(State())

    init(services: SyncServices) { self.services = services }

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
        let (now, epoch) = (services.settings.now(), services.catalog.epoch)
        if let error = recentFailure(now: now) {
            answer(interval, .failure(error))
            return
        }
        do throws(CatalogError) {
            // Read before the gaps: a recording that comes meanwhile isn't taken for one whose call was looked for.
            let last = try services.catalog.lastPosition()
            if isSettled(epoch, lastPosition: last, now: now) {
                answer(interval, .success(()))
                return
            }
            let isWhole = interval == nil ? try areRecordingsListed(now: now) : false
            let whole = isWhole ? (epoch, last) : nil
            let gaps = try gaps(interval, now: now)
            guard !gaps.isEmpty else {
                finish(interval, .success(()), now: now, whole: whole)
                return
            }
            let isRefresh = gaps.allSatisfy { $0.upperBound - $0.lowerBound <= Self.shortGap }
            PageFetcher(
                over: CallList(services: services), intervals: gaps,
                limit: interval == nil ? services.settings.requestLimit : Self.readerLimit,
                pageSize: isRefresh ? Self.shortPage : nil, priority: interval == nil ? .background : .reader,
                epoch: epoch, services: services
            ) { [self] result in
                let outcome = result.flatMap { () -> Result<Void, CatalogError> in
                    Result { () throws(CatalogError) in try noteRefresh(gaps, now: now) }
                }
                finish(interval, outcome, now: now, whole: whole)
            }.start()
        } catch {
            finish(interval, .failure(error), now: now, whole: nil)
        }
    }

    /// Whether all calls were found just now, and no recording has come since: a search would find no gap.
    ///
    /// The search asks the catalog once for each day, which takes too long for each of a million directories.
    private func isSettled(_ epoch: Int, lastPosition: Int64, now: Int64) -> Bool {
        let interval = services.settings.refreshInterval?.components.seconds ?? .max
        return state.withLock { state in
            guard state.completeEpoch == epoch, let settled = state.settled else { return false }
            return settled.lastPosition == lastPosition && age(of: settled.time, at: now) < interval
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

    /// Notes that there are other credentials, to which the list may not be refused.
    func credentialsDidChange() {
        state.withLock { if $0.failure?.error.code == .refusedCalls { $0.failure = nil } }
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
            if range.upperBound == now + 1 {
                // The part that grows with time, which is empty if calls were fetched within this second.
                let last = missing.last.flatMap { $0.upperBound == now + 1 ? $0.lowerBound : nil } ?? now + 1
                if last == now + 1 || coverage.contains(last - 1..<last) {
                    if last <= now { missing.removeLast() }
                    // Twilio may list a call later than others that began after it.
                    let refresh = last - services.settings.overlap..<now + 1
                    if try isRefreshDue(of: refresh, now: now) { missing.append(refresh) }
                }
            }
            gaps += missing
        }
        return gaps
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

    /// The failure of a request that was made just now.
    private func recentFailure(now: Int64) -> CatalogError? {
        let pause = max(services.settings.refreshInterval?.components.seconds ?? 60, 1)
        return state.withLock { state in
            state.failure.flatMap { age(of: $0.time, at: now) < pause ? $0.error : nil }
        }
    }

    /// - Parameter whole: the database that has the calls of all recordings, if the run was successful, and the
    ///   position of its last recording.
    private func finish(
        _ interval: Range<Int64>?, _ result: Result<Void, CatalogError>, now: Int64,
        whole: (epoch: Int, lastPosition: Int64)?
    ) {
        let failure: CatalogError? = if case .failure(let error) = result { error } else { nil }
        let isCleaning = state.withLock { state in
            state.failure = failure.map { ($0, now) }
            if failure != nil { state.settled = nil }
            guard let whole, failure == nil else { return false }
            state.completeEpoch = whole.epoch
            state.settled = (now, whole.lastPosition)
            guard age(of: state.cleaned, at: now) >= Self.cleaningInterval else { return false }
            state.cleaned = now
            return true
        }
        log(failure)
        if isCleaning { removeIdleCalls(until: now - Self.recentSeconds) }
        answer(interval, result)
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

    private func removeIdleCalls(until time: Int64) {
        services.writer.run(.bulk) { [services] in
            do throws(CatalogError) {
                try services.catalog.makeGroupIndex()
                try services.catalog.calls.removeIdle(.min..<time)
            } catch {
                services.logger.debug("calls without recordings can't be removed", error: error)
            }
        }
    }

    /// Logs the first of repeated failures, and the recovery.
    private func log(_ error: CatalogError?) {
        let before = state.withLock { state in
            defer { state.logged = error?.message }
            return state.logged
        }
        guard let error else {
            if before != nil { services.logger.notice("the list of calls can be fetched again") }
            return
        }
        if error.message == before {
            services.logger.debug("the list of calls failed again", error: error)
        } else {
            services.logger.failure(
                "the list of calls failed; without it, recordings don't tell who speaks",
                error: ListFailure(error, list: "the list of calls"))
        }
    }
}
