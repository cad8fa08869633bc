/// The reported size of a file whose text is made anew at each opening.
///
/// A backup asks for the size, then reads, and complains when it gets more or fewer bytes, or another size the next
/// time. So the text is padded to a power of two that leaves room to grow, and the size only ever grows: when it is
/// asked for, if the text has come near it.
struct StableSize {
    private static let least = 16 << 10

    /// Bytes in the longest text so far; nil before the first.
    private var longest: Int?
    private var size = Self.least

    /// The size to report; nil before the first text, when it can't be known.
    mutating func reported() -> Int? {
        guard let longest else { return nil }
        while longest > size / 4 * 3 { size *= 2 }
        return size
    }

    /// Pads a text to the size that was reported.
    ///
    /// - Parameter padding: a byte that may stand at its end in any number.
    mutating func pad(_ text: [UInt8], with padding: UInt8) -> [UInt8] {
        longest = max(longest ?? 0, text.count)
        // It has outgrown the free quarter since the size was reported. All of it is better than a part.
        while text.count > size { size *= 2 }
        return text + Array(repeating: padding, count: size - text.count)
    }
}
