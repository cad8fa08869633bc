/// An order-independent sum over entries, to compare two sources of the same entries.
struct EntrySum: Equatable {
    private(set) var count = 0

    private var sum: UInt64 = 0

    mutating func add(_ position: Int64, _ key: EntryIndex.Key) {
        var checksum = RowChecksum()
        checksum.add(UInt64(bitPattern: position))
        checksum.add(key.first)
        checksum.add(key.second)
        checksum.add(key.third)
        checksum.add(key.rest)
        sum &+= UInt64(bitPattern: checksum.value)
        count += 1
    }
}
