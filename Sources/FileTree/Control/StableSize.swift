/// The reported size of a file with a new text for each opening.
///
/// A backup asks for the size, then reads; it complains about any other number of bytes, and about another size the
/// next time. So the text is padded to a power of two with room to grow. The size never shrinks. It grows when it is
/// reported and the text has come near it, or when the text is longer.
struct StableSize {
    private static let least = 16 << 10

    /// Bytes in the longest text so far; nil before the first.
    private var longest: Int?
    private var size = Self.least

    /// The size to report; nil before the first text.
    mutating func reported() -> Int? {
        guard let longest else { return nil }
        while longest > size / 4 * 3 { size *= 2 }
        return size
    }

    /// Pads a text to the reported size.
    mutating func pad(_ text: [UInt8], with padding: UInt8) -> [UInt8] {
        longest = max(longest ?? 0, text.count)
        // The text outgrew the free quarter since the report: all of it is better than a part.
        while text.count > size { size *= 2 }
        return text + Array(repeating: padding, count: size - text.count)
    }
}
