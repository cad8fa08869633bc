import Catalog
import Support
import TestSupport
import Testing

@testable import Sync

@Suite("A plan of pages", .orderly)
struct PagePlanTests {
    private static let all = [Int64.min..<Int64.max]
    private static let day: Int64 = 86_400

    /// Seconds of a day in 2026.
    private static let start: Int64 = 1_790_000_000

    /// The items that a plan has fetched, and the coverage that it has reported.
    private struct Outcome {
        var fetched: Set<Int> = []
        var coverage = Coverage()
        var requests = 0

        /// The most requests that were on their way at once.
        var width = 0

        /// Whether the list turned out to be in another order: what earlier plans have covered doesn't count.
        var isDisordered = false
    }

    private static func plan(
        _ intervals: [Range<Int64>], _ limit: Int, _ list: ModelList, isUnordered: Bool
    ) -> PagePlan {
        PagePlan(
            over: intervals, limit: limit, granularity: list.granularity, pageSize: list.pageSize,
            isUnordered: isUnordered)
    }

    /// Carries out a plan, answering in a random order; and another, if the list turns out to be in another order.
    private static func run(
        _ list: inout ModelList, intervals: [Range<Int64>] = all, limit: Int, seed: UInt64, now: Int64 = start,
        isUnordered: Bool = false, change: ((inout ModelList, Int) -> Void)? = nil, killAfter: Int = .max
    ) throws -> Outcome {
        var generator = SeededGenerator(seed: seed)
        var plan = plan(intervals, limit, list, isUnordered: isUnordered)
        var outcome = Outcome()
        // A page is made when it is asked for, and comes later.
        var answers: [(chain: Int, page: PagePlan.Page, items: [ModelList.Item])] = []
        while !plan.isDone {
            for request in plan.start(now: now) {
                let (page, items) = list.page(request)
                answers.append((request.chain, page, items))
                outcome.requests += 1
                change?(&list, outcome.requests)
            }
            outcome.width = max(outcome.width, answers.count)
            guard outcome.requests < killAfter, !answers.isEmpty else { break }
            let answer = answers.remove(at: Int.random(in: answers.indices, using: &generator))
            outcome.fetched.formUnion(answer.items.map(\.number))
            switch try plan.take(answer.page, of: answer.chain) {
            case .nothing, .restarted: break
            case .covered(let range): outcome.coverage.insert(range)
            case .disordered:
                try #require(!isUnordered && !outcome.isDisordered)
                (outcome.coverage, outcome.isDisordered, answers) = (.none, true, [])
                plan = Self.plan(intervals, limit, list, isUnordered: true)
            }
            try #require(outcome.requests < 5000)
        }
        return outcome
    }

    @Test(
        "Everything that stays is fetched, whatever the order and the paging, while other items come and go",
        arguments: ModelList.Order.allCases, 1...25 as ClosedRange<UInt64>)
    func model(order: ModelList.Order, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let granularity: Int64 = Bool.random(using: &generator) ? Self.day : 60
        var list = ModelList(
            order: order, paging: .token, pageSize: Int.random(in: 1...7, using: &generator), granularity: granularity,
            filter: ModelList.Filter.allCases[Int(seed % 5)], seed: seed)
        for _ in 0..<Int.random(in: 0...300, using: &generator) {
            // Some years of days with few recordings or with many, many of them in the same second.
            let day = Int64.random(in: 0...900, using: &generator) / 3 * 3
            list.add(created: Self.start - day * Self.day - Int64.random(in: 0...3, using: &generator) * 20_000)
        }
        let before = list.items
        let limit = Int.random(in: 1...8, using: &generator)
        let outcome = try Self.run(&list, limit: limit, seed: seed) { list, step in
            if step % 3 == 0 { list.change(now: Self.start + Int64(step)) }
        }
        #expect(outcome.coverage == .everything)
        #expect(outcome.width <= limit)
        let left = Set(before).intersection(list.items)
        #expect(left.allSatisfy { outcome.fetched.contains($0.number) })
    }

    @Test(
        "Items that others push onto the next page are neither lost nor in the way",
        arguments: ModelList.Order.allCases, 1...15 as ClosedRange<UInt64>)
    func shiftingPages(order: ModelList.Order, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var list = ModelList(order: order, paging: .index, pageSize: 5, granularity: Self.day, seed: seed)
        for _ in 0..<200 { list.add(created: Self.start - Int64.random(in: 0...300, using: &generator) * 40_000) }
        let before = list.items
        let outcome = try Self.run(&list, limit: 4, seed: seed) { list, step in
            for _ in 0..<step % 3 { list.add(created: Self.start + Int64(step)) }
        }
        #expect(outcome.coverage == .everything)
        #expect(before.allSatisfy { outcome.fetched.contains($0.number) })
    }

    @Test(
        "What is covered when it is killed at any point has been fetched, and another plan fetches the rest",
        arguments: ModelList.Order.allCases, 1...15 as ClosedRange<UInt64>)
    func killed(order: ModelList.Order, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var list = ModelList(order: order, paging: .token, pageSize: 4, granularity: Self.day, seed: seed)
        for _ in 0..<250 { list.add(created: Self.start - Int64.random(in: 0...400, using: &generator) * 40_000) }
        var fetched: Set<Int> = []
        var coverage = Coverage()
        var isUnordered = false
        var requests = 0
        while coverage != .everything {
            let part = try Self.run(
                &list, intervals: coverage.gaps(in: Self.all[0]), limit: 3, seed: seed, isUnordered: isUnordered,
                killAfter: Int.random(in: 20...90, using: &generator))
            if part.isDisordered { (coverage, isUnordered) = (.none, true) }
            fetched.formUnion(part.fetched)
            for range in part.coverage.ranges { coverage.insert(range) }
            for item in list.items where coverage.contains(item.created..<item.created + 1) {
                #expect(fetched.contains(item.number), "seed \(seed): \(item)")
            }
            requests += part.requests
            if order != .newestFirst {
                // Nothing counts before the end there, so it has to be let come to it.
                let whole = try Self.run(
                    &list, intervals: coverage.gaps(in: Self.all[0]), limit: 3, seed: seed, isUnordered: isUnordered)
                if whole.isDisordered { (coverage, isUnordered) = (.none, true) }
                fetched.formUnion(whole.fetched)
                for range in whole.coverage.ranges { coverage.insert(range) }
            }
            try #require(requests < 3000)
        }
        #expect(fetched.count == list.items.count)
        // Killing costs what was on its way and the day that was left off, not the whole.
        if order == .newestFirst { #expect(requests < 4 * list.items.count / list.pageSize) }
    }

    @Test(
        "Many pages are fetched by as many chains as are allowed, with few requests more than there are pages",
        arguments: [ModelList.Filter.inclusive, .midnight, .exclusive], [12_000, 1200] as [Int64])
    func parallel(filter: ModelList.Filter, pause: Int64) throws {
        // One and a half pages a day, or fourteen.
        var list = ModelList(
            order: .newestFirst, paging: .token, pageSize: 5, granularity: Self.day, filter: filter, seed: 1)
        for number in (0..<2500).reversed() { list.add(created: Self.start - Int64(number) * pause) }
        let outcome = try Self.run(&list, limit: 16, seed: 1)
        #expect(outcome.fetched.count == 2500)
        #expect(outcome.coverage == .everything)
        #expect(outcome.width == 16)
        #expect(outcome.requests < 600, "\(outcome.requests) requests for 500 pages")
    }

    @Test(
        "A plan that is ended again and again makes progress, whatever filters mean",
        arguments: [ModelList.Filter.inclusive, .midnight, .noon, .zoned, .exclusive])
    func goingOn(filter: ModelList.Filter) throws {
        // Fifteen pages a day, and sixteen chains that leave as many parts: to come to where a part begins takes a
        // day's pages, and one for each chain to learn what the filter means.
        var list = ModelList(
            order: .newestFirst, paging: .token, pageSize: 10, granularity: Self.day, filter: filter, seed: 1)
        for number in (0..<3000).reversed() { list.add(created: Self.start - Int64(number) * 600) }
        var fetched: Set<Int> = []
        var coverage = Coverage()
        var requests = 0
        while coverage != .everything {
            let part = try Self.run(
                &list, intervals: coverage.gaps(in: Self.all[0]), limit: 16, seed: 1, killAfter: 16 * 16 + 30)
            fetched.formUnion(part.fetched)
            for range in part.coverage.ranges { coverage.insert(range) }
            requests += part.requests
            try #require(requests < 1500)
        }
        #expect(fetched.count == 3000)
    }

    @Test(
        "Parts of a list are fetched completely, whatever filters mean",
        arguments: ModelList.Filter.allCases, 1...20 as ClosedRange<UInt64>)
    func parts(filter: ModelList.Filter, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var list = ModelList(
            order: ModelList.Order.allCases[Int(seed % 3)], paging: seed % 2 == 0 ? .token : .index, pageSize: 3,
            granularity: Self.day, filter: filter, seed: seed)
        for _ in 0..<400 { list.add(created: Self.start - Int64.random(in: 0...60 * Self.day, using: &generator)) }
        let before = list.items
        let bounds = (0..<4).map { _ in Self.start - Int64.random(in: 0...50 * Self.day, using: &generator) }.sorted()
        let intervals = [bounds[0]..<bounds[1], bounds[2]..<bounds[3]]
        let outcome = try Self.run(&list, intervals: intervals, limit: 6, seed: seed) { list, step in
            if list.paging == .token, step % 3 == 0 { list.change(now: Self.start + Int64(step)) }
        }
        #expect(intervals.allSatisfy { outcome.coverage.contains($0) })
        let left = Set(before).intersection(list.items)
        let wanted = left.filter { item in intervals.contains { $0.contains(item.created) } }
        #expect(wanted.allSatisfy { outcome.fetched.contains($0.number) })
    }

    @Test("What a page shows of a filter's day counts for other days less two hours, since clocks are changed")
    func clockChange() {
        let midnight = Self.start / Self.day * Self.day
        var reach = FilterReach(granularity: Self.day)
        #expect(reach.end(for: midnight + 60) == midnight + 60)
        // The filter names the day from `midnight` on, and shows eight hours of it.
        reach.learn(from: midnight + 8 * 3600 - 1, filteredUntil: midnight)
        let other = midnight - 100 * Self.day
        #expect(reach.end(for: other + 6 * 3600) == other + 6 * 3600 - Self.day)
        #expect(reach.end(for: other + 6 * 3600 + 1) == other + 6 * 3600 + 1)
        #expect(reach.cut(before: other + 12 * 3600) == other + 6 * 3600)
        #expect(reach.cut(before: other + 3600) == other - 18 * 3600)
    }

    @Test("Filters that aren't obeyed are detected, and one chain fetches the list once")
    func ignoredFilter() throws {
        var list = ModelList(
            order: .newestFirst, paging: .token, pageSize: 5, granularity: Self.day, filter: .ignored, seed: 1)
        for number in (0..<2500).reversed() { list.add(created: Self.start - Int64(number) * 12_000) }
        let outcome = try Self.run(&list, limit: 16, seed: 1)
        #expect(outcome.fetched.count == 2500)
        #expect(outcome.coverage == .everything)
        #expect(outcome.requests < 540, "\(outcome.requests) requests for 500 pages")
    }

    @Test("A list whose order isn't what it seemed at first ends the plan, and the next has one chain")
    func disorderLate() throws {
        let base = Self.start
        let interval = base..<base + 1000
        var plan = PagePlan(over: [interval], limit: 4, granularity: 1, pageSize: 2)
        let first = try #require(plan.start(now: base + 1000).first)
        let met = try plan.take(
            PagePlan.Page(count: 2, times: base + 800...base + 900, isOrdered: true, next: "a"), of: first.chain)
        #expect(met == .covered(base + 801..<base + 1000))
        let second = plan.start(now: base + 1000)
        try #require(second.count > 1)
        let again = try plan.take(
            PagePlan.Page(count: 2, times: base + 850...base + 870, isOrdered: true, next: "b"), of: first.chain)
        #expect(again == .disordered)
        #expect(plan.isDone)
        // Answers to what was asked before don't count.
        let late = try plan.take(PagePlan.Page(count: 0, times: nil, isOrdered: true, next: nil), of: second[1].chain)
        #expect(late == .nothing)
        var next = PagePlan(over: [interval], limit: 4, granularity: 1, pageSize: 2, isUnordered: true)
        let request = try #require(next.start(now: base + 1000).first)
        let page = try next.take(
            PagePlan.Page(count: 2, times: base + 1...base + 900, isOrdered: false, next: "a"), of: request.chain)
        #expect(page == .nothing)
        #expect(
            next.start(now: base + 1000) == [PagePlan.Request(chain: request.chain, interval: interval, next: "a")])
        let end = try next.take(
            PagePlan.Page(count: 3, times: base + 1...base + 900, isOrdered: false, next: nil), of: request.chain)
        #expect(end == .covered(interval))
        #expect(next.isDone && !next.hasRegainedOrder)
    }

    @Test("A first page in another order tells that nothing covered earlier counts, even if it is the last")
    func disorderAtOnce() throws {
        for next in ["a", nil] {
            var plan = PagePlan(over: Self.all, limit: 4, granularity: Self.day, pageSize: 2)
            let request = try #require(plan.start(now: Self.start).first)
            let page = PagePlan.Page(count: 2, times: 1...2, isOrdered: false, next: next)
            #expect(try plan.take(page, of: request.chain) == .disordered)
            #expect(plan.isDone)
        }
    }

    @Test("A list that wasn't ordered once has regained its order when all pages have it")
    func order() throws {
        var plan = PagePlan(over: Self.all, limit: 4, granularity: Self.day, pageSize: 2, isUnordered: true)
        for (times, next) in [(8...9, "a"), (6...7, "b"), (4...4, nil)] as [(ClosedRange<Int64>, String?)] {
            #expect(!plan.isDone)
            let request = try #require(plan.start(now: Self.start).first)
            let page = PagePlan.Page(
                count: 2, times: times, isOrdered: true, next: next, digest: UInt64(times.lowerBound))
            #expect(try plan.take(page, of: request.chain) == (next == nil ? .covered(Self.all[0]) : .nothing))
        }
        #expect(plan.isDone && plan.hasRegainedOrder)
    }

    @Test("A page with resources that have no times ends the trust in the order, but what is covered counts")
    func noTimes() throws {
        var plan = PagePlan(over: Self.all, limit: 4, granularity: Self.day, pageSize: 2)
        let request = try #require(plan.start(now: Self.start).first)
        let step = try plan.take(
            PagePlan.Page(count: 2, times: nil, isOrdered: true, hasAllTimes: false, next: "a"), of: request.chain)
        #expect(step == .nothing)
        #expect(
            plan.start(now: Self.start) == [PagePlan.Request(chain: request.chain, interval: Self.all[0], next: "a")])
        var other = PagePlan(over: Self.all, limit: 1, granularity: Self.day, pageSize: 2)
        let first = try #require(other.start(now: Self.start).first)
        let covered = try other.take(
            PagePlan.Page(count: 2, times: 8...9, isOrdered: true, next: "a"), of: first.chain)
        #expect(covered == .covered(9..<Int64.max))
        _ = other.start(now: Self.start)
        let unclear = try other.take(
            PagePlan.Page(count: 2, times: 6...6, isOrdered: true, hasAllTimes: false, next: "b"), of: first.chain)
        #expect(unclear == .restarted)
        #expect(other.start(now: Self.start).map(\.interval) == Self.all)
    }

    @Test("Pages that lead back to one of them are an error", arguments: 1...4)
    func circle(length: Int) throws {
        var plan = PagePlan(over: Self.all, limit: 1, granularity: Self.day, pageSize: 2)
        var error: CatalogError?
        for number in 0..<20 where error == nil {
            let request = try #require(plan.start(now: Self.start).first)
            do throws(CatalogError) {
                _ = try plan.take(
                    PagePlan.Page(count: 0, times: nil, isOrdered: true, next: "page \(number % length)"),
                    of: request.chain)
            } catch let circle {
                #expect(number == length)
                error = circle
            }
        }
        #expect(error?.code == .incompleteList)
        #expect(error?.message.contains("circle") == true)
    }

    @Test("The rest is estimated from what was fetched")
    func estimate() throws {
        var plan = PagePlan(
            over: [Self.start - 1000 * Self.day..<Int64.max], limit: 1, granularity: Self.day, pageSize: 10)
        #expect(plan.itemsLeft(now: Self.start) == nil)
        let request = try #require(plan.start(now: Self.start).first)
        // Ten in a hundred days.
        _ = try plan.take(
            PagePlan.Page(
                count: 10, times: Self.start - 100 * Self.day...Self.start, isOrdered: true, next: "a"),
            of: request.chain)
        let left = try #require(plan.itemsLeft(now: Self.start))
        #expect(abs(left - 90) < 1)
    }

    @Test("A plan without intervals is done at once")
    func empty() {
        var plan = PagePlan(over: [], limit: 3, granularity: 1, pageSize: 1)
        #expect(plan.isDone)
        #expect(plan.start(now: 0).isEmpty)
    }
}
