import TestSupport

@testable import Sync

/// A list at Twilio as a model: pages of it are told, while items come and go.
struct ModelList {
    /// In which order items are listed.
    enum Order: CaseIterable {
        case newestFirst
        case oldestFirst
        case shuffled
    }

    /// What a link to the next page means.
    enum Paging: CaseIterable {
        /// After this item, whatever has come or gone.
        case token

        /// So many items further on: what comes pushes others onto the next page.
        case index
    }

    /// What filters by date mean; what is asked for is a step wider than what is wanted, as by `CreationInterval`.
    enum Filter: CaseIterable {
        /// Both bounds include their step.
        case inclusive

        /// Both mean the beginning of their step.
        case midnight

        /// Both mean the middle of their step.
        case noon

        /// Both mean a time of their step, which is an hour earlier in some weeks than in others.
        case zoned

        /// Neither includes its step.
        case exclusive

        /// They aren't obeyed.
        case ignored
    }

    struct Item: Hashable {
        let number: Int
        let created: Int64
    }

    let order: Order
    let paging: Paging
    let pageSize: Int

    /// The list can be asked for by no finer intervals.
    let granularity: Int64
    let filter: Filter

    /// The items in the order of the list.
    private(set) var items: [Item] = []

    /// The places of all items that there ever were.
    private var places: [Int: (Int64, Int)] = [:]
    private var generator: SeededGenerator
    private var nextNumber = 0

    init(order: Order, paging: Paging, pageSize: Int, granularity: Int64, filter: Filter = .inclusive, seed: UInt64) {
        self.order = order
        self.paging = paging
        self.pageSize = pageSize
        self.granularity = granularity
        self.filter = filter
        generator = SeededGenerator(seed: seed)
    }

    mutating func add(created: Int64) {
        let item = Item(number: nextNumber, created: created)
        nextNumber += 1
        places[item.number] = key(item)
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            if key(items[middle]) < key(item) { low = middle + 1 } else { high = middle }
        }
        items.insert(item, at: low)
    }

    /// The place of an item in the list; two differ.
    private func key(_ item: Item) -> (Int64, Int) {
        switch order {
        case .newestFirst: (-item.created, item.number)
        case .oldestFirst: (item.created, item.number)
        case .shuffled: (Int64(truncatingIfNeeded: UInt64(item.number) &* 0x9E37_79B9_7F4A_7C15 >> 20), item.number)
        }
    }

    /// Answers a request.
    func page(_ request: PagePlan.Request) -> (page: PagePlan.Page, items: [Item]) {
        let passing = passing(request.interval)
        let listed = items.filter { $0.created >= passing.first && $0.created <= passing.last }
        var start = 0
        if let next = request.next, let number = Int(next) {
            switch paging {
            case .index: start = number
            case .token:
                // The item itself may have gone: its place hasn't.
                let place = places[number] ?? (0, 0)
                start = listed.firstIndex { key($0) > place } ?? listed.count
            }
        }
        let shown = Array(listed.dropFirst(start).prefix(pageSize))
        let isLast = start + pageSize >= listed.count
        let next = isLast ? nil : paging == .index ? "\(start + pageSize)" : shown.last.map { "\($0.number)" }
        let times = shown.map(\.created)
        let isOrdered = zip(times, times.dropFirst()).allSatisfy { $0 >= $1 }
        let range = times.min().flatMap { least in times.max().map { least...$0 } }
        var digest: UInt64 = 0
        for item in shown { digest &+= UInt64(item.number + 1) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(item.number) << 32 }
        let page = PagePlan.Page(
            count: shown.count, times: range, isOrdered: isOrdered, next: next, digest: digest)
        return (page, shown)
    }

    /// The times of the first and of the last second that the filter lets through.
    private func passing(_ interval: Range<Int64>) -> (first: Int64, last: Int64) {
        let (lower, upper) = (interval.lowerBound, interval.upperBound)
        // The steps that are named.
        let first = lower == .min ? lower : Self.floor(lower, granularity) - granularity
        let last = upper == .max ? upper : Self.floor(upper - 1, granularity) + granularity
        func bounds(after: Int64, until: Int64) -> (first: Int64, last: Int64) {
            (first == .min ? first : first + after, last == .max ? last : last + until)
        }
        func end(of step: Int64) -> Int64 { granularity / 24 * ((step / (20 * granularity)) % 2 + 11) }
        return switch filter {
        case .inclusive: bounds(after: 0, until: granularity - 1)
        case .midnight: bounds(after: 0, until: 0)
        case .noon: bounds(after: granularity / 2, until: granularity / 2)
        case .zoned: bounds(after: end(of: first), until: end(of: last))
        case .exclusive: bounds(after: granularity, until: -1)
        case .ignored: (.min, .max)
        }
    }

    private static func floor(_ value: Int64, _ step: Int64) -> Int64 {
        let rest = value % step
        return value - (rest < 0 ? rest + step : rest)
    }

    /// Lets an item come now, or one go.
    mutating func change(now: Int64) {
        if items.isEmpty || Bool.random(using: &generator) {
            add(created: now)
        } else {
            items.remove(at: Int.random(in: items.indices, using: &generator))
        }
    }
}
