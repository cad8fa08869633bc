@testable import Catalog
import Support
import TestSupport

@testable import Sync

/// A list with its schedule and its plans of pages, between programs that want it, a service whose recordings come and
/// go, a catalog that may be lost, and mounts that end at any moment and show all of the list or a part.
///
/// It carries tasks out as `ListSync`, `ListUpdater` and `PageFetcher` do.
final class ListWorld: SeededWorld {
    /// What is on disk.
    struct Store {
        var state = StoredListState(coverage: .none, passCoverage: .none)
        var items: [Int: Int64] = [:]
        /// The items that the running pass has seen.
        var seen: Set<Int> = []
        /// When the running pass began, perhaps in an earlier mount, and when the last completed one did.
        var passBegun: Int64 = 0
        var lastPassBegun: Int64 = 0
        var lastPassTimes = Int64.min..<Int64.max
        var epoch = 0
    }

    /// A task under way: pages, then recordings that are requested alone.
    final class Running {
        let task: SyncTask
        let begun: Int64
        let epoch: Int
        let isFromNothing: Bool
        let shown: Range<Int64>
        let leftOut: [Range<Int64>]
        var plan: PagePlan
        var answers: [(request: PagePlan.Request, page: PagePlan.Page, items: [ModelList.Item])] = []
        var unconfirmed: [Int] = []
        var isConfirming = false

        init(
            _ task: SyncTask, begun: Int64, epoch: Int, isFromNothing: Bool, shown: Range<Int64>,
            leftOut: [Range<Int64>], plan: PagePlan
        ) {
            (self.task, self.begun, self.epoch, self.isFromNothing, self.shown, self.leftOut, self.plan) =
                (task, begun, epoch, isFromNothing, shown, leftOut, plan)
        }
    }

    struct Waiter {
        let number: Int
        let since: Int64
    }

    static let start: Int64 = 1_790_000_000
    static let overlap: Int64 = 900

    var generator: SeededGenerator
    var now = ListWorld.start
    var instant = ContinuousClock.now
    var list: ModelList
    var store = Store()
    var schedule: SyncSchedule<Int>
    let interval: Int64
    var running: [SyncTask: Running] = [:]
    var waiting: [Int: (since: Int64, deadline: ContinuousClock.Instant?)] = [:]
    var nextWaiter = 0
    /// When recordings vanished from the service.
    var vanished: [Int: Int64] = [:]
    /// Those that came by a page from before they vanished, or by their names: only the next pass finds that they have.
    var outdated: Set<Int> = []
    var isRefused = false
    var isHealthy = false
    var hasAskedAtEnd = false
    var lastWideRefresh: Int64?
    /// The times that the mount has been told to show.
    var window = Int64.min..<Int64.max
    var problems: [String] = []

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        list = ModelList(
            order: seed % 7 == 0 ? .oldestFirst : .newestFirst,
            paging: .token, pageSize: Int.random(in: 1...5, using: &generator),
            granularity: seed % 3 == 0 ? 86_400 : 60, filter: ModelList.Filter.allCases[Int(seed % 5)], seed: seed)
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
            list.add(created: Self.start - Int64.random(in: 0...60, using: &generator) * 40_000)
        }
        interval = Int64.random(in: 1...3, using: &generator) * 60
        schedule = SyncSchedule(
            isComplete: false, refreshed: nil, passed: nil, refreshInterval: interval, passInterval: 86_400)
        self.generator = generator
    }

    // MARK: The mount

    /// What the mount shows, as `ListUpdater.shownTimes`.
    var shown: Range<Int64> { window.upperBound > now ? window.lowerBound..<Int64.max : window }

    /// The mount ends, however it does, and another begins, which shows the times of a window.
    func remount(showing window: Range<Int64> = Int64.min..<Int64.max) {
        self.window = window
        running = [:]
        waiting = [:]
        lastWideRefresh = store.state.refreshed
        schedule = SyncSchedule(
            isComplete: store.state.coverage.contains(shown), refreshed: store.state.refreshed,
            passed: store.state.passed(over: shown), refreshInterval: interval, passInterval: 86_400)
    }

    func ask() {
        let number = nextWaiter
        nextWaiter += 1
        waiting[number] = (now, nil)
        request(number)
    }

    private func request(_ number: Int) {
        let patience = Duration.seconds(3)
        switch schedule.request(number, now: now, instant: instant, patience: patience) {
        case .ready: answer(number, isSuccess: true)
        case .refused: answer(number, isSuccess: false)
        case .start(let task): begin(task)
        case .wait: break
        }
    }

    /// A program gets its directory, or an error.
    private func answer(_ number: Int, isSuccess: Bool) {
        guard waiting.removeValue(forKey: number) != nil else {
            problems.append("the waiter \(number) is answered twice")
            return
        }
        guard isSuccess else { return }
        if !schedule.isComplete { problems.append("an incomplete list is shown") }
        if schedule.refusal != nil { problems.append("a refused list is shown") }
    }

    private func tell(_ number: Int) {
        if schedule.refusal != nil {
            answer(number, isSuccess: false)
        } else if schedule.isComplete {
            answer(number, isSuccess: true)
        } else {
            request(number)
        }
    }

    func look(idle: Int64) {
        for number in schedule.expire(instant) { tell(number) }
        for task in schedule.due(now: now, idle: idle) { begin(task) }
    }

    private var times: RequestedTimes {
        RequestedTimes(
            stored: store.state, newest: store.items.values.max(), shown: shown,
            overlap: Self.overlap, now: now)
    }

    private func begin(_ task: SyncTask) {
        if running[task] != nil { problems.append("\(task) runs twice") }
        let times = times
        let intervals: [Range<Int64>]
        var leftOut: [Range<Int64>] = []
        switch task {
        case .fill:
            intervals = times.fill
            if store.state.refreshed == nil { store.state.refreshed = now }
            // The fill of a list of which nothing is covered counts as a pass, although single recordings may be there.
            if store.state.coverage.isEmpty { outdated.formUnion(store.items.keys) }
        case .refresh:
            let isWide = age(of: lastWideRefresh, at: now) >= 3600
            intervals = times.refresh(from: times.refreshStart(wideOverlap: isWide ? 90_000 : nil))
            leftOut = times.leftOut(by: intervals)
        case .pass:
            if store.state.passCoverage.isEmpty || store.state.passCoverage.contains(shown) {
                (store.seen, store.passBegun, store.state.passCoverage) = ([], now, .none)
            }
            intervals = store.state.passCoverage.gaps(in: shown)
        }
        running[task] = Running(
            task, begun: now, epoch: store.epoch, isFromNothing: store.state.coverage.isEmpty,
            shown: shown, leftOut: leftOut,
            plan: PagePlan(
                over: intervals, limit: task == .pass ? 1 : 4, granularity: list.granularity,
                pageSize: list.pageSize, isUnordered: store.state.isUnordered))
        proceed(task)
    }

    /// Requests the next pages; the service makes a page when it is requested.
    private func proceed(_ task: SyncTask) {
        guard let run = running[task] else { return }
        for request in run.plan.start(now: now) {
            let (page, items) = list.page(request)
            run.answers.append((request, page, items))
        }
        if run.plan.isDone { pagesDidEnd(run) }
    }

    func take(_ task: SyncTask, _ index: Int) {
        guard let run = running[task] else { return }
        let answer = run.answers.remove(at: index)
        guard run.epoch == store.epoch else {
            return finish(run, .failure(CatalogError(.database, "another database")))
        }
        for item in answer.items {
            store.items[item.number] = item.created
            if vanished[item.number] != nil { outdated.insert(item.number) }
            if task == .pass { store.seen.insert(item.number) }
        }
        do {
            switch try run.plan.take(answer.page, of: answer.request.chain) {
            case .nothing: break
            case .covered where store.state.isUnordered && run.plan.assumesOrder:
                return finish(run, .failure(ListDisorder.error))
            case .covered(let range):
                store.state.coverage.insert(range)
                if task == .pass { store.state.passCoverage.insert(range) }
            case .restarted:
                run.answers = []
            case .disordered:
                (store.state.coverage, store.state.passCoverage) = (.none, .none)
                store.state.isUnordered = true
                return finish(run, .failure(ListDisorder.error))
            }
        } catch {
            return finish(run, .failure(error))
        }
        proceed(task)
    }

    private func pagesDidEnd(_ run: Running) {
        guard run.task == .pass else { return finish(run, .success(())) }
        run.isConfirming = true
        run.unconfirmed = store.items.filter { run.shown.contains($0.value) && !store.seen.contains($0.key) }.keys
            .sorted()
    }

    /// A recording that the pages lacked is requested alone, or the pass ends.
    func confirm(_ run: Running) {
        guard run.epoch == store.epoch else {
            return finish(run, .failure(CatalogError(.database, "another database")))
        }
        guard let number = run.unconfirmed.popLast() else { return finish(run, .success(())) }
        if !list.items.contains(where: { $0.number == number }) { store.items[number] = nil }
    }

    func finish(_ run: Running, _ result: Result<Void, CatalogError>) {
        running[run.task] = nil
        var isWholeList = false
        if case .success = result {
            switch run.task {
            case .fill:
                if run.isFromNothing {
                    if run.shown.upperBound == .max { store.state.refreshed = run.begun }
                    (store.state.passed, store.state.passedTimes) = (run.begun, Coverage([run.shown]))
                    isWholeList = true
                    (store.lastPassBegun, store.lastPassTimes) = (run.begun, run.shown)
                    lastWideRefresh = run.begun
                }
            case .refresh:
                if run.shown.upperBound == .max {
                    for range in run.leftOut { store.state.coverage.remove(range) }
                    store.state.refreshed = run.begun
                }
                if age(of: lastWideRefresh, at: run.begun) >= 3600 { lastWideRefresh = run.begun }
            case .pass:
                if run.plan.hasRegainedOrder, run.plan.intervals == Coverage.everything.ranges {
                    store.state.isUnordered = false
                }
                (store.state.passed, store.state.passedTimes) = (run.begun, Coverage([run.shown]))
                (store.lastPassBegun, store.lastPassTimes) = (store.passBegun, run.shown)
                store.state.passCoverage = .none
            }
        }
        let waiters = schedule.finish(run.task, result, begun: run.begun, isWholeList: isWholeList, now: now)
        for number in waiters {
            switch (run.task, result) {
            case (_, .failure(let error)) where error.isDisorder: request(number)
            case (.fill, .failure(let error)) where error.code != .refusedList: answer(number, isSuccess: false)
            case (.fill, .success): request(number)
            default: tell(number)
            }
        }
    }

    /// The catalog loses everything, and the schedule follows.
    func loseCatalog() {
        let epoch = store.epoch + 1
        store = Store()
        store.epoch = epoch
        schedule.reset()
    }

    /// A single recording is requested by its name and stored.
    func find() {
        guard !list.items.isEmpty else { return }
        let item = list.items[number(0...(list.items.count - 1))]
        store.items[item.number] = item.created
        outdated.insert(item.number)
    }

    func change() {
        let before = list.items
        list.change(now: now)
        for item in before where !list.items.contains(item) { vanished[item.number] = now }
    }

    func failure(isRefusal: Bool) -> CatalogError {
        CatalogError(isRefusal ? .refusedList : .incompleteList, "simulated")
    }
}
