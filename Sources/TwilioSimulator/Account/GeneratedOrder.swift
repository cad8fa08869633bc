/// Puts the generated recordings into an order: each has a rank in it, from 0.
struct GeneratedOrder {
    private let recordings: GeneratedRecordings
    private let order: Behaviour.ListOrder
    /// The number of each rank where no formula has it.
    private let shuffled: [UInt32]

    init(_ recordings: GeneratedRecordings, _ order: Behaviour.ListOrder) {
        self.recordings = recordings
        self.order = order
        shuffled = order == .unordered ? recordings.shuffled.numbers : []
    }

    /// Gives the number of the recording with a rank.
    func number(rank: Int) -> Int {
        switch order {
        case .newestFirst: rank
        case .oldestFirst: recordings.count - 1 - rank
        case .unordered: Int(shuffled[rank])
        }
    }

    /// Gives the ranks among which the recordings with some numbers are; without an order, others are there too.
    func ranks(of numbers: Range<Int>) -> Range<Int> {
        switch order {
        case .newestFirst: numbers
        case .oldestFirst: (recordings.count - numbers.upperBound)..<(recordings.count - numbers.lowerBound)
        case .unordered: 0..<recordings.count
        }
    }

    /// Gives the first rank whose recording isn't listed before a place; the number of recordings when there is none.
    func rank(of place: Position) -> Int {
        var (low, high) = (0, recordings.count)
        while low < high {
            let middle = (low + high) / 2
            if order.lists(recordings.position(number(rank: middle)), before: place) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// Gives the first rank whose recording is listed after a place.
    func rank(after place: Position) -> Int {
        let rank = rank(of: place)
        return rank < recordings.count && recordings.position(number(rank: rank)) == place ? rank + 1 : rank
    }
}

extension Behaviour.ListOrder {
    /// Tells whether one place is listed before another.
    func lists(_ left: Position, before right: Position) -> Bool {
        switch self {
        case .newestFirst: left < right
        case .oldestFirst: right < left
        case .unordered: left.sid < right.sid
        }
    }
}
