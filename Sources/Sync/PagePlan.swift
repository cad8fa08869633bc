import Catalog
import Support

/// Plans which pages of a list to request until some intervals of time are covered: a state machine without I/O.
///
/// Pages form a chain, each linked from the one before, so one chain takes the sum of its requests' times. But lists
/// can be filtered by the time of creation, so several chains run side by side. The plan begins with one chain for
/// each interval. As long as more requests may run, it splits the chain with most left: the older half becomes a
/// chain of its own.
///
/// Twilio lists the newest first, but doesn't promise any order. Both cases are handled. Once pages have shown that
/// order, whatever a chain has passed is covered, and the chain ends where another one has begun. A page that
/// contradicts the order makes the plan start over, with one chain for each interval, which covers it only at the
/// chain's end.
///
/// A chain that was split off may show more than was requested: Twilio doesn't state whether a filter includes its last
/// day, so each interval is requested a day wider than it is. The first page shows where the chain really begins, and
/// there the chain above ends. So only one of them fetches the pages of that day, whatever the filter means. Where the
/// interval above a chain is already covered, that day would be fetched for nothing. So first pages also teach how much
/// of its last day a filter includes (``FilterReach``); a chain that begins in a part known to be included isn't
/// requested further than that day.
///
/// Resources may appear and vanish meanwhile: a chain covers a time only after it has passed it. Resources that are
/// pushed onto the next page come twice, which does no harm.
struct PagePlan {
    /// A chain's number.
    typealias ChainID = Int

    /// A page to request.
    struct Request: Equatable {
        let chain: ChainID

        /// The interval to filter by, in seconds since 1970; the same for all pages of a chain.
        ///
        /// The request has to be a day wider on each side, because the meaning of filters isn't stated. The interval
        /// ends a day early where pages have shown that this isn't needed.
        let interval: Range<Int64>

        /// The link of the page before; nil for the first page.
        let next: String?
    }

    /// A page, as far as it matters to the plan.
    struct Page: Equatable {
        /// Resources on it.
        let count: Int

        /// When the oldest and the newest of them were made, in seconds since 1970; nil when none has a time.
        let times: ClosedRange<Int64>?

        /// Whether the newest come first, and all have a time.
        let isOrdered: Bool

        /// The link to the next page; nil at the end.
        let next: String?

        /// A digest of its set of resources, whatever their order.
        var digest: UInt64 = 0
    }

    /// The effect of a page.
    enum Effect: Equatable {
        /// No coverage yet.
        case nothing

        /// Covers an interval, in seconds since 1970, which is to be stored together with the page.
        case covered(Range<Int64>)

        /// Contradicts the order that was relied on: nothing counts as covered so far.
        case restarted
    }

    private struct Chain {
        /// The interval to filter by.
        var filter: Range<Int64>

        /// Where the part that it has to cover begins: later than the filter, once another chain has the rest.
        var lower: Int64

        /// Where the part that it hasn't covered yet ends.
        var upper: Int64

        /// The link to its next page.
        var next: String?

        /// The links that it has followed.
        var followed: Set<String> = []

        /// The digests of its pages.
        var digests: Set<UInt64> = []

        /// Pages since the last one that had something new.
        var barren = 0
        var isRunning = false

        /// Whether it was split off another chain, and its first page has still to come.
        var hasToBegin = false

        /// When the oldest resource of the page before was made.
        var previousOldest: Int64?

        /// The resources on its pages, and the seconds within which they were made.
        var items = 0
        var seconds: Int64 = 0
    }

    /// The intervals to cover.
    let intervals: [Range<Int64>]

    /// Chains that run side by side, at most.
    private let limit: Int

    /// The granularity of the list's filter in seconds: days for the 2010 API.
    private let granularity: Int64

    /// Resources on a full page.
    private let pageSize: Int

    /// Pages, at most.
    private let pageLimit: Int

    private var reach: FilterReach
    private var chains: [ChainID: Chain] = [:]
    private var nextID = 0

    /// The order of the list, as far as it is known.
    private enum Order {
        case unknown
        case newestFirst
        case none
    }

    private var order = Order.unknown

    /// Pages so far.
    private(set) var pages = 0

    /// Resources so far; those that came twice count twice.
    private(set) var items = 0

    /// The resources of all chains, and the seconds within which they were made.
    private var density = (items: 0, seconds: Int64(0))

    /// Nothing is older than Twilio, which was founded in 2008.
    ///
    /// Only guides where chains are split.
    private static let origin: Int64 = 1_199_145_600

    /// Seconds by which a filter can reach past its interval: what it is requested wider by at most, and a day for time
    /// zones.
    private static let filterReach: Int64 = 3 * 86_400

    /// Pages in a row that may have nothing new: empty ones, or ones with the same resources as an earlier one.
    ///
    /// An honest list has some when their resources were deleted meanwhile: twenty thousand voice recordings in a row,
    /// or two thousand of video. A listing waits for all of these pages, and each may take seconds.
    static let barrenLimit = 20

    /// Pages of a plan, at most: those of a thousand million voice recordings.
    static let pageLimit = 1_000_000

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - intervals: the intervals to cover, in seconds since 1970.
    ///   - limit: chains that run side by side, at most.
    ///   - granularity: of the list's filter, in seconds.
    ///   - pageSize: resources on a full page.
    ///   - pageLimit: pages, at most.
    init(
        over intervals: [Range<Int64>], limit: Int, granularity: Int64, pageSize: Int,
        pageLimit: Int = PagePlan.pageLimit
    ) {
        self.limit = max(1, limit)
        self.pageLimit = pageLimit
        self.granularity = granularity
        self.pageSize = pageSize
        self.intervals = intervals
        reach = FilterReach(granularity: granularity)
        begin()
    }

    /// Whether everything is covered.
    var isDone: Bool { chains.isEmpty }

    /// The pages to request now, in addition to those that were.
    ///
    /// - Parameter now: seconds since 1970; chains without an upper bound are split as if they ended here.
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

    /// Takes a page that was requested.
    ///
    /// - Throws: ``CatalogError`` when the list has no end: its links form a circle, its pages have nothing new, or
    ///   they are more than there can be.
    mutating func take(_ page: Page, of id: ChainID) throws(CatalogError) -> Effect {
        // Absent when the page was requested before the plan started over.
        guard var chain = chains[id] else { return .nothing }
        pages += 1
        items = items.addingSaturated(page.count)
        guard pages <= pageLimit else {
            throw CatalogError(.incompleteList, "its pages have no end: there were \(pageLimit) of them")
        }
        if learnOrder(page, previousOldest: chain.previousOldest) {
            begin()
            return .restarted
        }
        if chain.hasToBegin, let newest = page.times?.upperBound, newest >= chain.upper {
            guard newest < chain.upper + Self.filterReach else {
                // The filter isn't obeyed: every chain would go through the whole list.
                order = .none
                begin()
                return .restarted
            }
            extendUp(&chain, to: newest)
        }
        chain.isRunning = false
        if chain.next == nil, order == .newestFirst, let times = page.times {
            reach.learn(from: times.upperBound, filteredUntil: chain.filter.upperBound)
            if !chain.hasToBegin, times.lowerBound >= chain.upper, page.next != nil,
                filterEnd(of: chain) < chain.filter.upperBound
            {
                // The whole page is further up than the part to cover: a narrower filter is requested next.
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

    /// An estimate of the resources that are left, from the density so far; nil as long as there is none.
    func itemsLeft(now: Int64) -> Double? {
        guard density.items > 0, density.seconds > 0 else { return nil }
        return chains.values.reduce(0) { $0 + itemsLeft(in: $1, now: now) }
    }

    // MARK: Chains

    /// Begins one chain for each interval, the newest first: those are what people look for.
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

    /// Follows a page's link to the next one.
    ///
    /// - Returns: the time down to which the chain has covered the list: `Int64.min` at its end, `Int64.max` when it
    ///   covers nothing before that.
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
            throw CatalogError(.incompleteList, "its pages have no end: they go round in a circle")
        }
        chain.next = next
        // More resources of the same second may follow.
        return order == .newestFirst ? page.times.map { $0.lowerBound + 1 } ?? .max : .max
    }

    /// Where a chain's filter has to end so that the chain gets all that it has to cover.
    private func filterEnd(of chain: Chain) -> Int64 {
        max(chain.filter.lowerBound, reach.end(for: chain.upper))
    }

    /// Makes a chain that was split off cover the list from its newest resource on, and ends the chain above it there.
    ///
    /// The chain above still covers the rest of that resource's second.
    private mutating func extendUp(_ chain: inout Chain, to newest: Int64) {
        let boundary = chain.upper
        guard let above = chains.first(where: { $0.value.lower == boundary })?.key else { return }
        chain.upper = newest
        chains[above]?.lower = newest
        // A chain that waits for its turn, and has come this far before, has nothing left to cover.
        if let other = chains[above], !other.isRunning, other.upper <= newest { chains[above] = nil }
    }

    /// Learns the list's order from a page.
    ///
    /// - Returns: whether the page contradicts the order that was relied on.
    private mutating func learnOrder(_ page: Page, previousOldest: Int64?) -> Bool {
        guard order != .none else { return false }
        let oldest = page.times?.lowerBound
        let goesBack = if let previousOldest, let oldest { oldest > previousOldest } else { false }
        if !page.isOrdered || goesBack {
            defer { order = .none }
            return order == .newestFirst
        }
        let descends = if let previousOldest, let oldest { oldest < previousOldest } else { false }
        if descends || page.times.map({ $0.lowerBound < $0.upperBound }) ?? false { order = .newestFirst }
        return false
    }

    /// Splits the chain with most left.
    ///
    /// - Returns: the new chain; nil when no chain is worth it: each chain's last page is only half full on average.
    private mutating func split(now: Int64) -> ChainID? {
        guard order == .newestFirst else { return nil }
        let candidates = chains.compactMap { id, chain -> (id: ChainID, items: Double, middle: Int64)? in
            let (start, end) = Self.bounds(of: chain, now: now)
            let items = itemsLeft(in: chain, now: now)
            guard end - start >= 2 * granularity, items > Double(4 * pageSize) else { return nil }
            var middle = reach.cut(before: start + (end - start) / 2)
            // The new chain will begin a day further up, where the one above mustn't be by then.
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

    /// The times of a chain's resources: neither before Twilio nor in the future.
    private static func bounds(of chain: Chain, now: Int64) -> (start: Int64, end: Int64) {
        (max(chain.lower, origin), min(chain.upper, now))
    }
}
