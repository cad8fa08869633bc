import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Carries out a ``ListWalk``: asks for pages, reads them, and stores what is on them together with the times that are
/// met by it.
///
/// Pages are read on threads of their own, and stored many at a time: SIDs are random, so a page's resources belong to
/// as many places of the indexes as there are resources, and each transaction writes each place that it has changed
/// once. Killed at any moment, what was stored is what was met, and another walk goes on with the rest.
final class ListWalker: Sendable {
    private struct State {
        var walk: ListWalk

        /// What was read and not given to the writer yet.
        var prepared: [PreparedResources] = []
        var covered: [Range<Int64>] = []
        var rowCount = 0
        var oldest: ContinuousClock.Instant?

        /// Resources that the writer has been given and hasn't written.
        var writing = 0

        /// Resources that were written.
        var written = 0
        var isEnding = false
        var failure: CatalogError?
        let begun = ContinuousClock.now
    }

    /// How a walk ended.
    typealias Completion = @Sendable (Result<Void, CatalogError>) -> Void

    /// Resources that are written together: the more, the fewer times an index's page is written, and the more memory
    /// is taken (30 MB).
    ///
    /// The first ones are smaller, since there is little to write again yet, and the writer would have nothing to do
    /// meanwhile.
    private static func batchSize(after written: Int) -> Int {
        min(max(written, 4000), 32_000)
    }

    /// Resources that may wait to be written.
    private static let backlogLimit = 120_000

    /// How long resources wait to be written, at most, while pages come.
    private static let batchTime: Duration = .seconds(2)

    private let kind: MediaKind
    private let purpose: CoveragePurpose
    private let pageSize: Int?
    private let priority: Priority
    private let services: SyncServices

    /// The database in which what is met is kept: in another one, what was stored before would be missing.
    private let epoch: Int
    private let completion: Completion
    private let state: Locked<State>

    /// Makes a walker; ``start()`` begins.
    ///
    /// - Parameters:
    ///   - intervals: what is to be met, in seconds since 1970.
    ///   - limit: pages on their way at once, at most.
    ///   - pageSize: resources on a page; nil for the most.
    ///   - epoch: the catalog's, from before the intervals were worked out.
    init(
        over kind: MediaKind, intervals: [Range<Int64>], purpose: CoveragePurpose, limit: Int, pageSize: Int? = nil,
        priority: Priority, epoch: Int, services: SyncServices, completion: @escaping Completion
    ) {
        self.epoch = epoch
        self.kind = kind
        self.purpose = purpose
        self.pageSize = pageSize ?? services.settings.pageSize
        self.priority = priority
        self.services = services
        self.completion = completion
        state = Locked(
            State(
                walk: ListWalk(
                    over: intervals, limit: limit, granularity: kind.listGranularity,
                    pageSize: self.pageSize ?? kind.largestPage)))
    }

    /// Begins.
    func start() {
        goOn()
    }

    /// How far it is.
    var progress: SyncProgress {
        let now = services.settings.now()
        return state.withLock { state in
            let elapsed = ContinuousClock.now - state.begun
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            let rate = seconds > 0 ? Double(state.walk.items) / seconds : 0
            let left = state.walk.itemsLeft(now: now)
            return SyncProgress(
                pages: state.walk.pages, items: state.walk.items, itemsPerSecond: rate,
                itemsLeft: left.map { Int($0) }, secondsLeft: rate > 0 ? left.map { $0 / rate } : nil)
        }
    }

    private func goOn() {
        let now = services.settings.now()
        let requests = state.withLock { state -> [ListWalk.Request] in
            guard state.failure == nil, state.rowCount + state.writing < Self.backlogLimit else { return [] }
            return state.walk.start(now: now)
        }
        for request in requests { send(request) }
        flushIfDue()
    }

    private func send(_ request: ListWalk.Request) {
        let interval = CreationInterval(seconds: request.interval)
        services.client.page(
            of: kind, in: interval, size: pageSize, next: request.next, priority: priority
        ) { [self] result in
            // Off the transfer thread: a page is 2 MB of JSON.
            services.readers.run { [self] in
                take(result, of: request.chain)
                goOn()
            }
        }
    }

    private func take(_ answer: Result<ListAnswer, TwilioError>, of chain: ListWalk.ChainID) {
        do {
            let page = try answer.get().page()
            let prepared = services.catalog.prepare(page.resources)
            let summary = ListWalk.Page(page)
            try state.withLock { state throws(CatalogError) in
                guard state.failure == nil else { return }
                state.prepared.append(prepared)
                state.rowCount += prepared.count
                state.oldest = state.oldest ?? .now
                switch try state.walk.take(summary, of: chain) {
                case .none:
                    break
                case .met(let range):
                    state.covered.append(range)
                case .begunAgain:
                    state.covered = []
                    let intervals = state.walk.intervals
                    services.writer.run { [self] in uncover(intervals) }
                }
            }
        } catch {
            fail(error as? CatalogError ?? CatalogError(.incompleteList, "\(error)", cause: error))
        }
    }

    private func uncover(_ intervals: [Range<Int64>]) {
        services.logger.debug("the list of \(kind.pluralName) isn't in order: it is read from its beginning")
        do throws(CatalogError) {
            try services.catalog.lists.uncover(intervals, of: kind, for: purpose)
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: CatalogError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
    }

    // MARK: Storing

    /// Gives the writer what was read, when it is enough, old enough or the last.
    private func flushIfDue() {
        let batch = state.withLock { state -> (prepared: [PreparedResources], covered: [Range<Int64>])? in
            let isOver = state.walk.isDone || state.failure != nil
            let isLarge = state.rowCount >= Self.batchSize(after: state.written)
            let isDue = isLarge || state.oldest.map { .now - $0 >= Self.batchTime } ?? false
            // One batch at a time: what comes meanwhile makes the next one larger.
            guard !state.isEnding, state.writing == 0, isOver || isDue else { return nil }
            state.isEnding = isOver
            state.writing = state.rowCount
            defer { (state.prepared, state.covered, state.rowCount, state.oldest) = ([], [], 0, nil) }
            return (state.prepared, state.covered)
        }
        guard let batch else { return }
        services.writer.run { [self] in
            do throws(CatalogError) {
                try services.catalog.lists.store(
                    batch.prepared, covering: batch.covered, of: kind, for: purpose, now: services.settings.now(),
                    epoch: epoch)
            } catch {
                fail(error)
            }
            let end = state.withLock { state -> Result<Void, CatalogError>? in
                state.written += state.writing
                state.writing = 0
                guard state.isEnding else { return nil }
                return state.failure.map { .failure($0) } ?? .success(())
            }
            if let end { completion(end) } else { goOn() }
        }
    }
}

extension ListWalk.Page {
    init(_ page: ResourcePage) {
        var times: ClosedRange<Int64>?
        var isOrdered = true
        var digest: UInt64 = 0
        for resource in page.resources {
            // A sum, so that the order doesn't matter, of numbers that are random in themselves.
            digest &+= resource.sid.high ^ resource.sid.low &* 0x9E37_79B9_7F4A_7C15
            guard let created = resource.dateCreated?.seconds else {
                isOrdered = false
                continue
            }
            if let before = times {
                if created > before.lowerBound { isOrdered = false }
                times = min(created, before.lowerBound)...max(created, before.upperBound)
            } else {
                times = created...created
            }
        }
        self.init(
            count: page.resources.count, times: times, isOrdered: isOrdered, next: page.next, digest: digest)
    }
}

extension CreationInterval {
    /// The interval of a range of seconds, in which the extremes stand for no bound.
    init(seconds: Range<Int64>) {
        self.init(
            from: seconds.lowerBound == .min ? nil : Timestamp(seconds: seconds.lowerBound),
            until: seconds.upperBound == .max ? nil : Timestamp(seconds: seconds.upperBound))
    }
}

/// How far a walk over a list is.
public struct SyncProgress: Hashable, Sendable {
    /// Pages had so far.
    public let pages: Int

    /// Items had so far.
    public let items: Int

    /// Items a second, on average since it began.
    public let itemsPerSecond: Double

    /// How many items are left, as far as can be told: those of the part that is known suggest it.
    public let itemsLeft: Int?

    /// How many seconds that takes at the same rate.
    public let secondsLeft: Double?
}
