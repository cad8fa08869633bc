import Support

/// Has the generated recordings' numbers in the order of their SIDs, which has nothing to do with that of their dates.
///
/// Made when it is first asked for, since sorting a million takes a while and hardly anybody wants it.
final class ShuffledNumbers: Sendable {
    private let count: Int
    private let sorted = Locked<[UInt32]?>(nil)

    init(count: Int) {
        self.count = count
    }

    /// The numbers by ascending SID.
    var numbers: [UInt32] {
        sorted.withLock { sorted in
            let numbers =
                sorted
                ?? (0..<UInt32(clamping: count)).sorted {
                    // A SID begins with these digits.
                    scrambled(UInt64($0)) < scrambled(UInt64($1))
                }
            sorted = numbers
            return numbers
        }
    }
}
