import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Runs the tasks of one list: fetches pages, and stores them.
final class ListUpdater: Sendable {
    struct Outcome: Sendable {
        var result: Result<Void, CatalogError>
        /// The start of the task, or of another mount's task that replaced it, in seconds since 1970.
        let begun: Int64
        /// Whether the task fetched the whole list into a catalog without any of it.
        var isWholeList = false
        /// Whether another mount already does what the task would have done.
        var isDoneElsewhere = false
    }

    /// Called once when a task ends, on any thread.
    typealias Completion = @Sendable (Outcome) -> Void

    private struct State {
        /// The fetcher of a fill or a refresh, which has the list's progress.
        var fetcher: PageFetcher<RecordingList>?
        /// The start of the last wide refresh, in seconds since 1970; after mounting, of the last refresh.
        var lastWideRefresh: Int64?
        /// The position of the last unfinished recording that was requested.
        var unfinished: Int64 = 0
    }

    private let kind: MediaKind
    private let services: SyncServices
    private let state: Locked<State>

    init(_ kind: MediaKind, services: SyncServices, lastWideRefresh: Int64?) {
        self.kind = kind
        self.services = services
        state = Locked(State(lastWideRefresh: lastWideRefresh))
    }

    private var lists: StoredLists { services.catalog.lists }

    /// The creation times that the mount shows, in seconds since 1970.
    ///
    /// An upper bound in the future counts as none, since recordings will still be created before it.
    var shownTimes: Range<Int64> {
        let shown = services.catalog.window.seconds
        return shown.upperBound > services.settings.now() ? shown.lowerBound..<Int64.max : shown
    }

    /// The progress of the current fill or refresh.
    var progress: ListProgress? { state.withLock { $0.fetcher }?.progress }

    // MARK: Tasks

    /// Runs a task; a fill on the writing thread, since it writes and flushes before the first request.
    ///
    /// - Parameter wasRefused: whether Twilio has refused the list, which only an answer of Twilio's can disprove.
    func run(_ task: SyncTask, wasRefused: Bool = false, completion: @escaping Completion) {
        let begun = services.settings.now()
        let end: Completion = { [state] outcome in
            if task != .pass { state.withLock { $0.fetcher = nil } }
            completion(outcome)
        }
        do throws(CatalogError) {
            switch task {
            case .fill: fillOnWriter(begun, end)
            case .refresh: try refresh(begun, wasRefused: wasRefused, end)
            case .pass: try pass(begun, end)
            }
        } catch {
            end(Outcome(result: .failure(error), begun: begun))
        }
    }

    /// Fetches the parts of an interval of creation times that the catalog doesn't cover.
    ///
    /// - Parameters:
    ///   - isAllOfIt: whether to fetch also what the catalog has.
    ///   - completion: called with the result, and with whether Twilio was asked for anything.
    func fetch(
        _ interval: Range<Int64>, isAllOfIt: Bool = false,
        completion: @escaping @Sendable (Result<Void, CatalogError>, _ isFromTwilio: Bool) -> Void
    ) {
        do throws(CatalogError) {
            let epoch = services.catalog.epoch
            let gaps = try times(now: services.settings.now()).part(interval, isAllOfIt: isAllOfIt)
            try PageFetcher(
                over: list(.list), intervals: gaps, limit: 4, priority: .reader, epoch: epoch, services: services
            ) { completion($0, !gaps.isEmpty) }.start()
        } catch {
            completion(.failure(error), false)
        }
    }

    private func fillOnWriter(_ begun: Int64, _ completion: @escaping Completion) {
        let isAccepted = services.writer.run(.urgent) { [self] in
            do throws(CatalogError) {
                try fill(begun, completion)
            } catch {
                completion(Outcome(result: .failure(error), begun: begun))
            }
        }
        guard !isAccepted else { return }
        completion(Outcome(result: .failure(CatalogError(.incompleteList, "the mount ends")), begun: begun))
    }

    /// Fetches the missing parts of the list.
    private func fill(_ begun: Int64, _ completion: @escaping Completion) throws(CatalogError) {
        let epoch = services.catalog.epoch
        let times = try times(now: begun)
        let isFromNothing = times.stored.coverage.isEmpty
        // If the fill breaks off, what was created before it is fetched by another fill, and the rest by a refresh.
        if times.stored.refreshed == nil { try lists.noteRefresh(of: kind, at: begun, epoch: epoch) }
        let fetcher = try PageFetcher(
            over: list(.list), intervals: times.fill,
            limit: services.settings.requestLimit, priority: .background, epoch: epoch, services: services
        ) { [self] result in
            var outcome = Outcome(result: result, begun: begun)
            if case .success = result {
                // If this mount fetched the whole list, nothing in the catalog is stale, and nothing is missing.
                if isFromNothing {
                    outcome.result = Result { () throws(CatalogError) in
                        try lists.noteFill(of: kind, over: times.shown, begun: begun, epoch: epoch)
                        state.withLock { $0.lastWideRefresh = begun }
                    }
                    outcome.isWholeList = true
                }
            }
            if case .success = outcome.result {
                let count = (try? services.catalog.totals(of: kind).count) ?? 0
                let recordings = count == 1 ? "recording" : "recordings"
                services.logger.info("the list of \(kind.pluralName) is complete: \(count) \(recordings)")
            }
            completion(outcome)
            // This comes after the completion: waiters need neither flushed writes nor the index of groups.
            services.writer.run(.bulk) { [self] in
                try? services.catalog.groups.makeIndex()
                // Flushing takes long, and urgent writes must not wait for it.
                services.catalog.endBulk(flushingOn: services.workers.checker)
            }
        }
        services.catalog.beginBulk(copyingOn: services.workers.copier)
        start(fetcher)
    }

    private func refresh(
        _ begun: Int64, wasRefused: Bool, _ completion: @escaping Completion
    ) throws(CatalogError) {
        let (epoch, settings) = (services.catalog.epoch, services.settings)
        let times = try times(now: begun)
        let refreshed = times.stored.refreshed
        // Another mount may have refreshed the list just now, perhaps with other credentials, or only a part of it.
        if !wasRefused, times.fill.isEmpty, let refreshed, let interval = settings.refreshInterval,
            age(of: refreshed, at: begun) < interval.components.seconds
        {
            completion(Outcome(result: .success(()), begun: refreshed))
            return
        }
        let isWide = age(of: state.withLock { $0.lastWideRefresh }, at: begun) >= settings.wideInterval
        let lower = times.refreshStart(wideOverlap: isWide ? settings.wideOverlap : nil)
        let intervals = times.refresh(from: lower)
        let isRecent = !isWide && times.fill.isEmpty && age(of: refreshed, at: begun) < 3600
        let fetcher = try PageFetcher(
            over: list(.list), intervals: intervals,
            limit: settings.requestLimit, pageSize: isRecent ? 100 : nil, priority: .background,
            epoch: epoch, services: services
        ) { [self] result in
            do throws(CatalogError) {
                try result.get()
                if isWide { state.withLock { $0.lastWideRefresh = begun } }
                // A mount that shows nothing new hasn't requested the list up to the present.
                if times.shown.upperBound == .max {
                    try lists.noteRefresh(
                        of: kind, at: begun, leavingOut: times.leftOut(by: intervals), epoch: epoch)
                }
                confirm(try unfinished(before: lower), isFrequent: true) {
                    completion(Outcome(result: $0, begun: begun))
                }
            } catch {
                completion(Outcome(result: .failure(error), begun: begun))
            }
        }
        start(fetcher)
    }

    /// The next few recordings that were unfinished when they were stored, and are too old for the refresh.
    private func unfinished(before lower: Int64) throws(CatalogError) -> [SID] {
        let position = state.withLock { $0.unfinished }
        let found = try lists.unfinished(
            of: kind, createdBefore: lower, after: position, limit: services.settings.unfinishedLimit)
        let next = found.count < services.settings.unfinishedLimit ? 0 : found.last?.position ?? 0
        state.withLock { $0.unfinished = next }
        return found.map(\.sid)
    }

    /// Fetches the whole list slowly, to find removed recordings.
    ///
    /// A recording that the pages lack is requested alone before it is removed. The list may have shifted between two
    /// pages, and a backup that mirrors deletions would lose the recording.
    private func pass(_ begun: Int64, _ completion: @escaping Completion) throws(CatalogError) {
        let epoch = services.catalog.epoch
        let (shown, settings) = (shownTimes, services.settings)
        let covered: Coverage
        switch try lists.beginPass(
            over: kind, createdIn: shown, now: begun, lease: settings.passLease, interval: settings.passInterval,
            epoch: epoch)
        {
        case .begun(let coverage):
            covered = coverage
        case .completed(let time):
            completion(Outcome(result: .success(()), begun: time))
            return
        case .running:
            let error = CatalogError(.incompleteList, "another mount is already fetching all of it")
            completion(Outcome(result: .failure(error), begun: begun, isDoneElsewhere: true))
            return
        }
        let end: Completion = { [self] outcome in
            // Otherwise the retries would take the lease for another mount's.
            if case .failure = outcome.result {
                services.writer.run(.urgent) { [self] in try? lists.abandonPass(over: kind, epoch: epoch) }
            }
            completion(outcome)
        }
        do throws(CatalogError) {
            try PageFetcher(
                over: list(.pass), intervals: covered.gaps(in: shown), limit: 1,
                priority: .background, epoch: epoch, services: services
            ) { [self] result in
                do throws(CatalogError) {
                    try result.get()
                    confirm(try lists.unseen(of: kind, within: shown), isFrequent: false) { [self] result in
                        let ended = result.flatMap {
                            Result { () throws(CatalogError) in
                                try lists.endPass(over: kind, createdIn: shown, now: begun, epoch: epoch)
                            }
                        }
                        end(Outcome(result: ended, begun: begun))
                    }
                } catch {
                    end(Outcome(result: .failure(error), begun: begun))
                }
            }.start()
        } catch {
            end(Outcome(result: .failure(error), begun: begun))
        }
    }

    private func times(now: Int64) throws(CatalogError) -> RequestedTimes {
        RequestedTimes(
            stored: try lists.state(of: kind), newest: try lists.newestResource(of: kind), shown: shownTimes,
            overlap: services.settings.overlap, now: now)
    }

    private func list(_ purpose: CoveragePurpose) -> RecordingList {
        RecordingList(kind: kind, purpose: purpose, services: services)
    }

    private func start(_ fetcher: PageFetcher<RecordingList>) {
        state.withLock { $0.fetcher = fetcher }
        fetcher.start()
    }

    private func confirm(_ sids: [SID], isFrequent: Bool, completion: @escaping ListCompletion) {
        Confirmation(sids, of: kind, isFrequent: isFrequent, services: services, completion: completion).start()
    }
}
