/// A sum over some entries, by which two ways to them are found to lead to the same ones, in whatever order.
struct EntrySum: Equatable {
    /// How many entries there are.
    private(set) var count = 0

    private var sum: UInt64 = 0

    /// Adds an entry at a position, with what it is found by.
    mutating func add(_ position: Int64, _ key: EntryIndex.Key) {
        var checksum = RowChecksum()
        checksum.add(UInt64(bitPattern: position))
        checksum.add(key.first)
        checksum.add(key.second)
        checksum.add(key.third)
        sum &+= UInt64(bitPattern: checksum.value)
        count += 1
    }
}
