/// The size that a file is said to have whose text is made anew whenever it is opened.
///
/// A backup asks for the size, then reads, and complains when it gets more or less than it was told, or another size
/// the next time. So the text is filled up to a power of two that leaves room for it to grow, and the size only ever
/// grows: when somebody asks for it, if the text has come near it.
struct StableSize {
    /// Bytes in the longest text so far; nil before the first.
    private var longest: Int?
    private var size: Int

    /// Begins with the least size, a power of two.
    init(least: Int) {
        size = least
    }

    /// The size to be told; nil when no text has been made, so that it can't be known.
    mutating func told() -> Int? {
        guard let longest else { return nil }
        while longest > size / 4 * 3 { size *= 2 }
        return size
    }

    /// Fills a text up to the size that was told.
    ///
    /// - Parameter filler: what may stand at its end in any number.
    mutating func fill(_ text: [UInt8], with filler: UInt8) -> [UInt8] {
        longest = max(longest ?? 0, text.count)
        // It has outgrown a quarter of its size since somebody asked. Whole is better than cut.
        while text.count > size { size *= 2 }
        return text + Array(repeating: filler, count: size - text.count)
    }
}
