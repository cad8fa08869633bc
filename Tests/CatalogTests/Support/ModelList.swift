import TestSupport

@testable import Catalog

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

    struct Item: Hashable {
        let number: Int
        let created: Int64
    }

    let order: Order
    let paging: Paging
    let pageSize: Int

    /// The list can be asked for by no finer intervals.
    let granularity: Int64
    private(set) var items: [Item] = []
    private var generator: SeededGenerator
    private var nextNumber = 0

    init(order: Order, paging: Paging, pageSize: Int, granularity: Int64, seed: UInt64) {
        self.order = order
        self.paging = paging
        self.pageSize = pageSize
        self.granularity = granularity
        generator = SeededGenerator(seed: seed)
    }

    mutating func add(created: Int64) {
        items.append(Item(number: nextNumber, created: created))
        nextNumber += 1
    }

    mutating func remove(at index: Int) { items.remove(at: index) }

    /// The place of an item in the list; two differ.
    private func key(_ item: Item) -> (Int64, Int) {
        switch order {
        case .newestFirst: (-item.created, item.number)
        case .oldestFirst: (item.created, item.number)
        case .shuffled: (Int64(truncatingIfNeeded: UInt64(item.number) &* 0x9E37_79B9_7F4A_7C15 >> 20), item.number)
        }
    }

    /// Answers a request.
    func page(_ request: ListWalk.Request) -> (page: ListWalk.Page, items: [Item]) {
        let (lower, upper) = (request.interval.lowerBound, request.interval.upperBound)
        let first = lower == .min ? lower : Self.floor(lower, granularity)
        let end = upper == .max ? upper : Self.floor(upper + granularity - 1, granularity)
        let listed = items.filter { $0.created >= first && $0.created < end }.sorted { key($0) < key($1) }
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
        return (ListWalk.Page(count: shown.count, times: range, isOrdered: isOrdered, next: next), shown)
    }

    /// The places of all items that there ever were.
    private var places: [Int: (Int64, Int)] {
        Dictionary(uniqueKeysWithValues: everything.map { ($0.number, key($0)) })
    }

    private var everything: [Item] { items + gone }
    private var gone: [Item] = []

    private static func floor(_ value: Int64, _ step: Int64) -> Int64 {
        let rest = value % step
        return value - (rest < 0 ? rest + step : rest)
    }

    /// Lets an item come now, or one go.
    mutating func change(now: Int64) {
        if items.isEmpty || Bool.random(using: &generator) {
            add(created: now)
        } else {
            gone.append(items.remove(at: Int.random(in: items.indices, using: &generator)))
        }
    }
}
