import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Carries out a ``PagePlan``: requests pages, parses them, and stores them together with their coverage.
///
/// Worker threads parse the pages, and a transaction stores many at a time. SIDs are random, so each resource changes
/// another page of SQLite's indexes; larger transactions write each page of the indexes less often. After a kill, the
/// stored coverage is valid, and another fetcher continues with the rest.
final class PageFetcher<List: PagedList>: Sendable {
    private struct State {
        var plan: PagePlan

        var parts: [List.Part] = []
        var covered: [Range<Int64>] = []
        var rowCount = 0
        /// The time when the first of these resources was parsed.
        var oldest: ContinuousClock.Instant?
        /// The number of resources queued for writing.
        var writing = 0
        var written = 0
        /// Whether the last resources are queued.
        var isEnding = false
        var failure: CatalogError?
        let begun = ContinuousClock.now
    }

    /// The number of resources that make a batch due.
    ///
    /// With larger batches, pages of the indexes are written less often, but the batches take more memory (30 MB). The
    /// first batches are smaller, because the indexes are still small and the writer would be idle.
    private static func batchSize(after written: Int) -> Int { min(max(written, 4000), 32_000) }

    /// The number of resources waiting to be written at which no more pages are requested.
    private static var backlogLimit: Int { 120_000 }
    /// The age at which a smaller batch is due; each arriving page checks it.
    private static var batchTime: Duration { .seconds(2) }

    private let list: List
    private let pageSize: Int?
    private let priority: Priority
    private let services: SyncServices
    /// The database to write to; another one would lack the resources stored before.
    private let epoch: Int
    private let completion: ListCompletion
    private let state: Locked<State>

    /// Makes a fetcher; ``start()`` begins.
    ///
    /// - Parameters:
    ///   - list: the list.
    ///   - intervals: the intervals to cover, in seconds since 1970.
    ///   - limit: the most requests in parallel.
    ///   - pageSize: resources on a page; nil for the server's maximum.
    ///   - epoch: the catalog's epoch from before the intervals were computed.
    ///   - completion: called on the writing thread when everything is covered, or with the failure, which is a
    ///     ``CatalogError/isDisorder`` if nothing is covered any more.
    /// - Throws: ``CatalogError`` when the catalog can't be read.
    init(
        over list: List, intervals: [Range<Int64>], limit: Int, pageSize: Int? = nil, priority: Priority,
        epoch: Int, services: SyncServices, completion: @escaping ListCompletion
    ) throws(CatalogError) {
        self.epoch = epoch
        self.list = list
        self.pageSize = pageSize ?? services.settings.pageSize
        self.priority = priority
        self.services = services
        self.completion = completion
        state = Locked(
            State(
                plan: PagePlan(
                    over: intervals, limit: limit, granularity: list.granularity,
                    pageSize: self.pageSize ?? list.largestPage, isUnordered: try list.isUnordered())))
    }

    func start() { proceed() }

    var progress: ListProgress {
        let now = services.settings.now()
        return state.withLock { state in
            let elapsed = ContinuousClock.now - state.begun
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            let rate = seconds > 0 ? Double(state.plan.items) / seconds : 0
            let left = state.plan.itemsLeft(now: now)
            return ListProgress(
                pages: state.plan.pages, items: state.plan.items, itemsPerSecond: rate,
                itemsLeft: left.map { Int($0) }, secondsLeft: rate > 0 ? left.map { $0 / rate } : nil)
        }
    }

    /// Requests the next pages, and writes due batches.
    private func proceed() {
        let now = services.settings.now()
        let requests = state.withLock { state -> [PagePlan.Request] in
            guard state.failure == nil, state.rowCount + state.writing < Self.backlogLimit else { return [] }
            return state.plan.start(now: now)
        }
        do throws(CatalogError) {
            if !requests.isEmpty {
                let time = try services.catalog.lists.pageTime()
                for request in requests { send(request, at: time) }
            }
        } catch {
            fail(error)
        }
        flushIfDue()
    }

    private func send(_ request: PagePlan.Request, at time: PageTime) {
        let interval = CreationInterval(seconds: request.interval)
        list.request(interval, size: pageSize, next: request.next, priority: priority) { [self] result in
            // Parsing 2 MB of JSON would block the transfer thread.
            let isAccepted = services.workers.readers.run { [self] in
                take(result, of: request, requested: time)
                proceed()
            }
            guard !isAccepted else { return }
            fail(CatalogError(.incompleteList, "the mount ends"))
            flushIfDue()
        }
    }

    private func take(
        _ answer: Result<List.Answer, TwilioError>, of request: PagePlan.Request, requested time: PageTime
    ) {
        do {
            let (part, page) = try list.read(try answer.get(), requested: time)
            try state.withLock { state throws(CatalogError) in
                guard state.failure == nil else { return }
                state.parts.append(part)
                state.rowCount += page.count
                state.oldest = state.oldest ?? .now
                switch try state.plan.take(page, of: request.chain) {
                case .nothing, .restarted:
                    break
                case .covered(let range):
                    state.covered.append(range)
                case .disordered:
                    // After the coverage that is queued, and before the end.
                    state.covered = []
                    services.writer.run(.bulk) { [self] in forgetOrder() }
                }
            }
        } catch {
            fail(error as? CatalogError ?? list.failure(error, isOfFirstPage: request.next == nil))
        }
    }

    private func forgetOrder() {
        services.logger.info("\(list.name) isn't ordered, the newest first; it is fetched from its beginning")
        do throws(CatalogError) {
            try list.forgetOrder(epoch: epoch)
            fail(ListDisorder.error)
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: CatalogError) { state.withLock { $0.failure = $0.failure ?? error } }

    // MARK: Storing

    /// Queues a batch for writing when it is large enough, old enough or the last one.
    private func flushIfDue() {
        let isEnd = state.withLock { state -> Bool in
            let isOver = state.plan.isDone || state.failure != nil
            let isLarge = state.rowCount >= Self.batchSize(after: state.written)
            let isDue = isLarge || state.oldest.map { .now - $0 >= Self.batchTime } ?? false
            // One batch at a time: pages that arrive meanwhile enlarge the next one.
            guard !state.isEnding, state.writing == 0, isOver || isDue else { return false }
            state.isEnding = isOver
            state.writing = state.rowCount
            defer { (state.parts, state.covered, state.rowCount, state.oldest) = ([], [], 0, nil) }
            let (parts, covered) = (state.parts, state.covered)
            // Queued under the lock: if the order is another, this coverage has to be removed after it is stored.
            return !services.writer.run(.bulk) { [self] in write(parts, covering: covered) }
        }
        // The writing thread has ended: who waits is told here.
        if isEnd { completion(.failure(CatalogError(.incompleteList, "the mount ends"))) }
    }

    private func write(_ parts: [List.Part], covering covered: [Range<Int64>]) {
        do throws(CatalogError) {
            let plan = state.withLock { $0.plan }
            try list.store(parts, covering: covered, assumesOrder: plan.assumesOrder, epoch: epoch)
            if plan.isDone, plan.hasRegainedOrder { try list.regainOrder(in: plan.intervals, epoch: epoch) }
        } catch {
            fail(error)
        }
        let end = state.withLock { state -> Result<Void, CatalogError>? in
            state.written += state.writing
            state.writing = 0
            guard state.isEnding else { return nil }
            return state.failure.map { .failure($0) } ?? .success(())
        }
        if let end { completion(end) } else { proceed() }
    }
}
