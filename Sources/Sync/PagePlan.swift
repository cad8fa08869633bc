import Catalog
import Support

/// Plans the requests for pages of a list until some intervals of time are covered: a state machine without I/O.
///
/// Each page links to the next, so the requests of one chain of pages run in sequence. But lists can be filtered by
/// creation time, so several chains can run in parallel. The plan begins with one chain for each interval. While more
/// requests are allowed, it splits the chain with the most resources left: the older half becomes a new chain.
///
/// Twilio lists the newest first, but doesn't promise any order. Once pages have shown that order, everything that a
/// chain has passed is covered, and the chain ends where the next one began. A page that contradicts the order ends the
/// plan: what this plan and earlier ones have covered by the order doesn't count (``Effect/disordered``). The next plan
/// for the list doesn't rely on the order: it has one chain for each interval, and only the end of a chain covers its
/// interval. If a page has resources without a time, or shows that the server ignores the filter, the plan starts over
/// in the same way, but nothing is wrong with what is covered.
///
/// Twilio doesn't state whether a filter by days includes its last day. So each interval is requested a day wider, and
/// a new chain may begin above its interval. Its first page shows the actual start, and the chain above ends there:
/// only one of the two fetches the pages of that day. Where the interval above is already covered, that day would be
/// fetched in vain. So the plan learns from first pages how far filters reach into their last day (``FilterReach``). If
/// the upper end of a chain lies in that part of a day, the chain's filter ends a day earlier.
///
/// Resources may appear and vanish meanwhile: a chain covers a time only after passing it. Resources that move to the
/// next page arrive twice, which does no harm.
struct PagePlan {
    typealias ChainID = Int

    struct Request: Equatable {
        let chain: ChainID
        /// The filter, in seconds since 1970; the same for all pages of a chain.
        ///
        /// The request has to be wider on each side by a day, or by a second where filters have seconds, because the
        /// meaning of filters is undocumented. The interval ends a day earlier where pages have shown that this
        /// suffices.
        let interval: Range<Int64>

        /// The link on the previous page; nil for the first page.
        let next: String?
    }

    /// The properties of a page that the plan needs.
    struct Page: Equatable {
        /// The number of resources.
        let count: Int
        /// The creation times of the oldest and the newest resource, in seconds since 1970; nil when none has a time.
        let times: ClosedRange<Int64>?
        /// Whether no resource is newer than one before it.
        let isOrdered: Bool
        /// Whether all resources have a time.
        var hasAllTimes = true
        /// The link to the next page; nil at the end.
        let next: String?
        /// A digest of the set of resources, independent of the order.
        var digest: UInt64 = 0
    }

    enum Effect: Equatable {
        case nothing
        /// The page covers an interval, in seconds since 1970, to be stored together with the page.
        case covered(Range<Int64>)
        /// The plan starts over with one chain for each interval, without relying on the order.
        case restarted
        /// The list isn't ordered, the newest first: nothing counts that was covered by its order, and this plan ends.
        case disordered
    }

    private struct Chain {
        var filter: Range<Int64>
        /// The start of the part to cover: later than the filter's start if another chain has the rest.
        var lower: Int64
        /// The end of the part not covered yet.
        var upper: Int64
        var next: String?
        var followed: Set<String> = []
        var digests: Set<UInt64> = []
        /// The number of pages since the last one with new resources.
        var barren = 0
        var isRunning = false
        /// Whether the chain was split off, and its first page is outstanding.
        var hasToBegin = false
        /// The creation time of the oldest resource on the previous page.
        var previousOldest: Int64?

        /// The number of resources, and the length of time in which they were created, in seconds.
        var items = 0
        var seconds: Int64 = 0
    }

    let intervals: [Range<Int64>]

    private let limit: Int
    /// The shortest useful part of the list in seconds: a day for the 2010 API, whose filters have days.
    private let granularity: Int64
    private let pageSize: Int
    private let pageLimit: Int

    private var reach: FilterReach
    private var chains: [ChainID: Chain] = [:]
    private var nextID = 0

    /// The order of the list, as far as known.
    private enum Order {
        case unknown
        case newestFirst
        /// It may be any, or of no use.
        case none
    }

    private var order: Order
    /// Whether the list is known not to be ordered, the newest first.
    private let isUnordered: Bool
    /// Whether pages were ordered so far, and at least one had to be.
    private var hasShownOrder = false
    private var hasShownDisorder = false
    /// The number of pages so far.
    private(set) var pages = 0
    /// The number of resources so far, with duplicates.
    private(set) var items = 0
    /// The number of resources of all chains, and the length of time in which they were created, in seconds.
    private var density = (items: 0, seconds: Int64(0))

    /// The start of 2008, when Twilio was founded; only guides the splitting of chains.
    private static let origin: Int64 = 1_199_145_600
    /// The most seconds by which results may exceed an interval: the extra day, the rest of that day, and a time zone.
    private static let filterReach: Int64 = 3 * 86_400

    /// The most pages in a row without new resources: empty pages, or repetitions of an earlier page's resources.
    ///
    /// A correct list has some after deletions; this limit allows for twenty thousand deleted voice recordings in a
    /// row, or two thousand of video. A listing waits for all of these pages, and each may take seconds.
    static let barrenLimit = 20

    /// The most pages of a plan: enough for a billion voice recordings.
    static let pageLimit = 1_000_000

    /// Makes a plan that covers intervals, given in seconds since 1970, with up to `limit` chains in parallel.
    ///
    /// - Parameter isUnordered: Whether the list is known not to be ordered, the newest first.
    init(
        over intervals: [Range<Int64>], limit: Int, granularity: Int64, pageSize: Int, isUnordered: Bool = false,
        pageLimit: Int = PagePlan.pageLimit
    ) {
        self.isUnordered = isUnordered
        order = isUnordered ? .none : .unknown
        self.limit = max(1, limit)
        self.pageLimit = pageLimit
        self.granularity = granularity
        self.pageSize = pageSize
        self.intervals = intervals
        reach = FilterReach(granularity: granularity)
        begin()
    }

    var isDone: Bool { chains.isEmpty }

    /// Whether what the plan covers is covered only if the list is ordered, the newest first.
    var assumesOrder: Bool { !isUnordered }

    /// Whether all pages so far were ordered, although the list is known not to be.
    var hasRegainedOrder: Bool { isUnordered && hasShownOrder && !hasShownDisorder }

    /// The additional pages to request now; chains without an upper bound are split as if they ended at `now`.
    mutating func start(now: Int64) -> [Request] {
        var requests: [Request] = []
        var running = chains.values.lazy.filter(\.isRunning).count
        while running < limit {
            guard let id = chains.filter({ !$0.value.isRunning }).keys.min() ?? split(now: now), var chain = chains[id]
            else { break }
            chain.isRunning = true
            if chain.next == nil { chain.filter = chain.filter.lowerBound..<filterEnd(of: chain) }
            chains[id] = chain
            running += 1
            requests.append(Request(chain: id, interval: chain.filter, next: chain.next))
        }
        return requests
    }

    /// Processes a page that was requested.
    ///
    /// - Throws: ``CatalogError`` when the list has no end: its links form a circle, its pages have nothing new, or
    ///   there are too many.
    mutating func take(_ page: Page, of id: ChainID) throws(CatalogError) -> Effect {
        // The chain is absent if the page was requested before the plan started over.
        guard var chain = chains[id] else { return .nothing }
        pages += 1
        items = items.addingSaturated(page.count)
        guard pages <= pageLimit else {
            throw CatalogError(.incompleteList, "its pages have no end: there were \(pageLimit) of them")
        }
        let newest = chain.hasToBegin ? page.times?.upperBound : nil
        // If the server ignores the filter, every chain would fetch the whole list.
        let isUnfiltered = newest.map { $0 >= chain.upper + Self.filterReach } ?? false
        let before = order
        learnOrder(page, previousOldest: chain.previousOldest)
        if hasShownDisorder, !isUnordered {
            chains = [:]
            return .disordered
        }
        if isUnfiltered { order = .none }
        if before == .newestFirst, order == .none {
            begin()
            return .restarted
        }
        if let newest, newest >= chain.upper { extendUp(&chain, to: newest) }
        chain.isRunning = false
        if chain.next == nil, order == .newestFirst, let times = page.times {
            reach.learn(from: times.upperBound, filteredUntil: chain.filter.upperBound)
            if !chain.hasToBegin, times.lowerBound >= chain.upper, page.next != nil,
                filterEnd(of: chain) < chain.filter.upperBound
            {
                // The whole page lies above the part to cover: the chain begins again with a narrower filter.
                chains[id] = chain
                return .nothing
            }
        }
        chain.hasToBegin = false
        measure(page, &chain)
        let end = try follow(page, &chain)
        let lower = max(end, chain.lower)
        chains[id] = end <= chain.lower ? nil : chain
        guard lower < chain.upper else { return .nothing }
        chains[id]?.upper = lower
        return .covered(lower..<chain.upper)
    }

    /// The estimated number of remaining resources, from the density so far; nil when unknown.
    func itemsLeft(now: Int64) -> Double? {
        guard density.items > 0, density.seconds > 0 else { return nil }
        return chains.values.reduce(0) { $0 + itemsLeft(in: $1, now: now) }
    }

    // MARK: Chains

    /// Starts one chain for each interval; the newest interval comes first, since users need it first.
    private mutating func begin() {
        chains = [:]
        for interval in intervals.reversed() { add(interval) }
    }

    private mutating func add(_ interval: Range<Int64>) {
        guard !interval.isEmpty else { return }
        chains[nextID] = Chain(filter: interval, lower: interval.lowerBound, upper: interval.upperBound)
        nextID += 1
    }

    /// Counts the resources of a page, for estimates.
    private mutating func measure(_ page: Page, _ chain: inout Chain) {
        guard let times = page.times else { return }
        let seconds = times.upperBound - times.lowerBound
        chain.previousOldest = times.lowerBound
        chain.items += page.count
        chain.seconds += seconds
        density.items += page.count
        density.seconds += seconds
    }

    /// Follows a page's link, and returns the time down to which the chain has covered the list.
    ///
    /// The time is `Int64.min` at the end of the list, and `Int64.max` if only that end covers anything.
    private func follow(_ page: Page, _ chain: inout Chain) throws(CatalogError) -> Int64 {
        let isBarren = page.count == 0 || !chain.digests.insert(page.digest).inserted
        chain.barren = isBarren ? chain.barren + 1 : 0
        guard let next = page.next else { return .min }
        guard chain.barren < Self.barrenLimit else {
            throw CatalogError(
                .incompleteList,
                "its pages have no end: \(Self.barrenLimit) in a row bring nothing new, and more follow")
        }
        guard chain.followed.insert(next).inserted else {
            throw CatalogError(.incompleteList, "its pages have no end: they form a circle")
        }
        chain.next = next
        // More resources of the same second may follow.
        return order == .newestFirst ? page.times.map { $0.lowerBound + 1 } ?? .max : .max
    }

    /// The end of the filter with which a chain gets everything that it has to cover.
    private func filterEnd(of chain: Chain) -> Int64 {
        max(chain.filter.lowerBound, reach.end(for: chain.upper))
    }

    /// Extends a new chain up to its newest resource, and shortens the chain above accordingly.
    ///
    /// The chain above still covers that resource's second.
    private mutating func extendUp(_ chain: inout Chain, to newest: Int64) {
        let boundary = chain.upper
        guard let above = chains.first(where: { $0.value.lower == boundary })?.key else { return }
        chain.upper = newest
        chains[above]?.lower = newest
        // An idle chain that has already come this far has nothing left to cover.
        if let other = chains[above], !other.isRunning, other.upper <= newest { chains[above] = nil }
    }

    /// Learns the list's order from a page.
    private mutating func learnOrder(_ page: Page, previousOldest: Int64?) {
        let oldest = page.times?.lowerBound
        let goesBack = if let previousOldest, let oldest { oldest > previousOldest } else { false }
        if !page.isOrdered || goesBack {
            (order, hasShownDisorder) = (.none, true)
            return
        }
        let descends = if let previousOldest, let oldest { oldest < previousOldest } else { false }
        guard descends || page.times.map({ $0.lowerBound < $0.upperBound }) ?? false else {
            if !page.hasAllTimes { order = .none }
            return
        }
        hasShownOrder = true
        if !page.hasAllTimes { order = .none }
        if order == .unknown { order = .newestFirst }
    }

    /// Splits the chain with the most resources left, and returns the new chain.
    ///
    /// Returns nil when no chain has enough left. Each split costs half a page on average: a chain's last page isn't
    /// full.
    private mutating func split(now: Int64) -> ChainID? {
        guard order == .newestFirst else { return nil }
        let candidates = chains.compactMap { id, chain -> (id: ChainID, items: Double, middle: Int64)? in
            let (start, end) = Self.bounds(of: chain, now: now)
            let items = itemsLeft(in: chain, now: now)
            guard end - start >= 2 * granularity, items > Double(4 * pageSize) else { return nil }
            var middle = reach.cut(before: start + (end - start) / 2)
            // The new chain will begin a day above its interval. The chain above must not have passed that day by then.
            if reach.end(for: middle) == middle, end - middle < granularity * 5 / 4 { middle -= granularity }
            return middle > chain.lower && middle < end ? (id, items, middle) : nil
        }
        guard let largest = candidates.max(by: { ($0.items, $1.id) < ($1.items, $0.id) }),
            let lower = chains[largest.id]?.lower
        else { return nil }
        let id = nextID
        add(lower..<largest.middle)
        chains[id]?.hasToBegin = true
        chains[largest.id]?.lower = largest.middle
        return id
    }

    private func itemsLeft(in chain: Chain, now: Int64) -> Double {
        let (start, end) = Self.bounds(of: chain, now: now)
        let known = chain.seconds > 0 ? (items: chain.items, seconds: chain.seconds) : density
        guard known.seconds > 0 else { return 0 }
        return Double(max(0, end - start)) * Double(known.items) / Double(known.seconds)
    }

    /// The times that a chain still has to cover, limited to those from 2008 to `now`.
    private static func bounds(of chain: Chain, now: Int64) -> (start: Int64, end: Int64) {
        (max(chain.lower, origin), min(chain.upper, now))
    }
}
