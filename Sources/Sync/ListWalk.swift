import Catalog
import Support

/// Walks a list from page to page until all of some intervals of time has been met: a state machine without I/O.
///
/// Pages form a chain, so one chain is as slow as the sum of its requests. But lists can be asked for by the time of
/// creation, so several chains run side by side. It begins with one chain for each interval. While there is room for
/// more, the chain with most before it is cut in two: the older half gets a chain of its own.
///
/// Twilio doesn't promise an order, but gives the newest first. Both is allowed for. Once pages have shown that order,
/// what a chain has passed counts as met, and it ends when it comes to what another chain has. A page that shows the
/// contrary ends all that: the walk begins again, with one chain for each interval, which count at their end alone.
///
/// A chain that was cut off may show more than it was asked for: whether a filter includes its last day is not stated,
/// so each interval is asked for a day wider than it is. Its first page shows where it really begins, and there the
/// chain that it was cut from ends. So the pages of that day are fetched by one of them, whatever the filter means.
/// Where nothing but an interval that is already here lies above a chain, that day would be fetched for nothing. So
/// first pages also teach how much of the day that it names a filter includes (``FilterReach``), and a chain that
/// begins in a part of the day that is known to be included asks for no more than that day.
///
/// Whatever arrives or goes while pages are walked: a chain never counts a time as met before it has passed it. Items
/// that come twice, because others have pushed them onto the next page, are met twice, which does no harm.
struct ListWalk {
    /// A chain's number.
    typealias ChainID = Int

    /// What its owner is to send.
    struct Request: Equatable {
        let chain: ChainID

        /// The interval to be asked for, in seconds; the same for all pages of a chain.
        ///
        /// Who asks goes a day further on each side, since it isn't stated which filter means what. It ends a day early
        /// where pages have shown that this isn't needed.
        let interval: Range<Int64>

        /// What the page before said follows it; nil for the first.
        let next: String?
    }

    /// What a page tells of the list.
    struct Page: Equatable {
        /// The resources on it.
        let count: Int

        /// When the newest and the oldest of them were made, in seconds; nil when none tells.
        let times: ClosedRange<Int64>?

        /// Whether they come newest first, and all tell their time.
        let isOrdered: Bool

        /// What follows it; nil at the end.
        let next: String?

        /// Which resources are on it, in whatever order.
        var digest: UInt64 = 0
    }

    /// What a page has brought.
    enum Progress: Equatable {
        /// Nothing that counts yet.
        case none

        /// All of an interval, in seconds, has been met: to be stored with what is on the page.
        case met(Range<Int64>)

        /// The order isn't what it seemed: what was counted as met so far doesn't count.
        case begunAgain
    }

    private struct Chain {
        /// What was asked for.
        var filter: Range<Int64>

        /// Where what it has to meet begins: later than the filter's begin, once another chain has the rest.
        var lower: Int64

        /// Where what it hasn't met yet ends.
        var upper: Int64

        var next: String?
        var followed: Set<String> = []

        /// The digests of its pages.
        var digests: Set<UInt64> = []

        /// Pages since the last one that has brought something.
        var barren = 0
        var isRunning = false

        /// Whether it was cut off another chain and its first page has still to come.
        var hasToBegin = false

        /// When the oldest item of the page before was made.
        var previousOldest: Int64?

        /// What it has met, and in how many seconds that was made.
        var items = 0
        var seconds: Int64 = 0
    }

    /// What is to be met.
    let intervals: [Range<Int64>]

    /// The most chains side by side.
    private let limit: Int

    /// Seconds: the list can be asked for by nothing finer (days of the 2010 API).
    private let granularity: Int64

    /// Items on a full page.
    private let pageSize: Int

    /// Pages at the most.
    private let pageLimit: Int

    private var reach: FilterReach
    private var chains: [ChainID: Chain] = [:]
    private var nextID = 0

    /// What is known of the order.
    private enum Order {
        case unknown
        case newestFirst
        case none
    }

    private var order = Order.unknown

    /// Pages met so far.
    private(set) var pages = 0

    /// Items met so far; those met twice count twice.
    private(set) var items = 0

    /// Items met, and in how many seconds they were made, of chains that have ended too.
    private var density = (items: 0, seconds: Int64(0))

    /// Nothing is older than Twilio, which was founded in 2008.
    ///
    /// Only guides where chains are cut.
    private static let origin: Int64 = 1_199_145_600

    /// Seconds by which the newest item of a filter can be past what was asked for: what the filter is asked wider by
    /// at most, and a day for time zones.
    private static let filterReach: Int64 = 3 * 86_400

    /// Pages in a row that may bring nothing: empty ones, or those with the same resources as one before.
    ///
    /// An honest list has some when what was on them has been deleted meanwhile: twenty thousand voice recordings in a
    /// row, or two thousand of video. Whoever lists the directory waits for all of them, and each may take seconds.
    static let barrenLimit = 20

    /// Pages of a walk, at most: of a thousand million voice recordings.
    static let pageLimit = 1_000_000

    /// Begins a walk.
    ///
    /// - Parameters:
    ///   - intervals: what is to be met, in seconds since 1970.
    ///   - limit: how many chains run side by side at the most.
    ///   - granularity: seconds by which the list can be asked for.
    ///   - pageLimit: pages at the most.
    init(
        over intervals: [Range<Int64>], limit: Int, granularity: Int64, pageSize: Int,
        pageLimit: Int = ListWalk.pageLimit
    ) {
        self.limit = max(1, limit)
        self.pageLimit = pageLimit
        self.granularity = granularity
        self.pageSize = pageSize
        self.intervals = intervals
        reach = FilterReach(granularity: granularity)
        begin()
    }

    /// Whether everything was met.
    var isDone: Bool { chains.isEmpty }

    /// What is to be sent now.
    ///
    /// - Parameter now: seconds since 1970; chains without an upper bound are cut as if they ended here.
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

    /// Takes in a page.
    ///
    /// - Throws: ``CatalogError`` when the pages have no end: they go round in a circle, bring nothing, or are more
    ///   than there can be.
    mutating func take(_ page: Page, of id: ChainID) throws(CatalogError) -> Progress {
        // One of before it began again.
        guard var chain = chains[id] else { return .none }
        pages += 1
        items = items.addingSaturated(page.count)
        guard pages <= pageLimit else {
            throw CatalogError(.incompleteList, "its pages have no end: there were \(pageLimit) of them")
        }
        if learnOrder(page, previousOldest: chain.previousOldest) {
            begin()
            return .begunAgain
        }
        if chain.hasToBegin, let newest = page.times?.upperBound, newest >= chain.upper {
            guard newest < chain.upper + Self.filterReach else {
                // The filter isn't obeyed: every chain would walk the whole list.
                order = .none
                begin()
                return .begunAgain
            }
            meetFurtherUp(&chain, at: newest)
        }
        chain.isRunning = false
        if chain.next == nil, order == .newestFirst, let times = page.times {
            reach.learn(from: times.upperBound, filteredUntil: chain.filter.upperBound)
            if !chain.hasToBegin, times.lowerBound >= chain.upper, page.next != nil,
                filterEnd(of: chain) < chain.filter.upperBound
            {
                // All of the page is further up than what is to be met. It is asked for less.
                chains[id] = chain
                return .none
            }
        }
        chain.hasToBegin = false
        if let times = page.times {
            chain.previousOldest = times.lowerBound
            chain.items += page.count
            chain.seconds += times.upperBound - times.lowerBound
            density.items += page.count
            density.seconds += times.upperBound - times.lowerBound
        }
        let isBarren = page.count == 0 || !chain.digests.insert(page.digest).inserted
        chain.barren = isBarren ? chain.barren + 1 : 0
        let end: Int64
        if let next = page.next {
            guard chain.barren < Self.barrenLimit else {
                throw CatalogError(
                    .incompleteList,
                    "its pages have no end: \(Self.barrenLimit) in a row bring nothing new, and more follow")
            }
            guard chain.followed.insert(next).inserted else {
                throw CatalogError(.incompleteList, "its pages have no end: they go round in a circle")
            }
            chain.next = next
            // More of the same second may follow.
            end = order == .newestFirst ? page.times.map { $0.lowerBound + 1 } ?? .max : .max
        } else {
            end = .min
        }
        let lower = max(end, chain.lower)
        chains[id] = end <= chain.lower ? nil : chain
        guard lower < chain.upper else { return .none }
        chains[id]?.upper = lower
        return .met(lower..<chain.upper)
    }

    /// How many items are left, as dense as they were so far; nil as long as there is no telling.
    func itemsLeft(now: Int64) -> Double? {
        guard density.items > 0, density.seconds > 0 else { return nil }
        return chains.values.reduce(0) { $0 + itemsLeft(in: $1, now: now) }
    }

    // MARK: Chains

    /// Begins one chain for each interval, the newest first: people look for those.
    private mutating func begin() {
        chains = [:]
        for interval in intervals.reversed() { add(interval) }
    }

    private mutating func add(_ interval: Range<Int64>) {
        guard !interval.isEmpty else { return }
        chains[nextID] = Chain(filter: interval, lower: interval.lowerBound, upper: interval.upperBound)
        nextID += 1
    }

    /// Where what a chain asks for has to end so that all that it has to meet comes.
    private func filterEnd(of chain: Chain) -> Int64 {
        max(chain.filter.lowerBound, reach.end(for: chain.upper))
    }

    /// Has a chain that was cut off meet the list from its newest item on, and the one above it end there.
    ///
    /// The chain above still meets the rest of that item's second.
    private mutating func meetFurtherUp(_ chain: inout Chain, at newest: Int64) {
        let boundary = chain.upper
        guard let above = chains.first(where: { $0.value.lower == boundary })?.key else { return }
        chain.upper = newest
        chains[above]?.lower = newest
        // One that waits for its turn, and has come here before, has nothing left to meet.
        if let other = chains[above], !other.isRunning, other.upper <= newest { chains[above] = nil }
    }

    /// Learns from a page in which order the list comes.
    ///
    /// - Returns: whether it isn't the one that was relied on.
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

    /// Cuts the chain with most before it.
    ///
    /// - Returns: the new chain; nil when none is worth it: each chain's last page is only half full on average.
    private mutating func split(now: Int64) -> ChainID? {
        guard order == .newestFirst else { return nil }
        let candidates = chains.compactMap { id, chain -> (id: ChainID, items: Double, middle: Int64)? in
            let (start, end) = Self.bounds(of: chain, now: now)
            let items = itemsLeft(in: chain, now: now)
            guard end - start >= 2 * granularity, items > Double(4 * pageSize) else { return nil }
            var middle = reach.cut(before: start + (end - start) / 2)
            // The new chain will begin a day further up, to which the one above mustn't have come by then.
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

    /// Where a chain's items can be: neither before Twilio nor in the future.
    private static func bounds(of chain: Chain, now: Int64) -> (start: Int64, end: Int64) {
        (max(chain.lower, origin), min(chain.upper, now))
    }
}
