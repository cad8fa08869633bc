import Support

/// The range of a partial response: its `Content-Range` field (RFC 9110, 14.4).
public struct ContentRange: Sendable, Hashable {
    /// The offset of the first byte.
    public let first: Int64
    /// The offset of the last byte in the response.
    public let last: Int64
    /// The size of the whole resource in bytes; nil when unknown to the server.
    public let total: Int64?
    /// The number of bytes in the response; at least one.
    var count: Int64 { last - first + 1 }

    /// Parses a field's value strictly.
    ///
    /// The result is nil for units other than bytes, signs, misplaced spaces, a range that ends before its start or
    /// beyond the resource, numbers beyond `Bounds.largestSize`, and unsatisfied ranges.
    public init?(_ text: String) {
        guard let (range, total) = Self.split(text) else { return nil }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(size: ends[0]), let last = Int64(size: ends[1]) else { return nil }
        guard first <= last, last < Bounds.largestSize, total.map({ last < $0 }) ?? true else { return nil }
        self.first = first
        self.last = last
        self.total = total
    }

    /// Parses the resource's size from the field of a status 416: `bytes */1234`.
    static func totalOfUnsatisfiedRange(_ text: String) -> Int64? {
        guard let (range, total) = split(text), range == "*" else { return nil }
        return total
    }

    /// Splits `bytes <range>/<total or *>`.
    private static func split(_ text: String) -> (range: Substring, total: Int64?)? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[1] == "*" { return (parts[0], nil) }
        guard let total = Int64(size: parts[1]) else { return nil }
        return (parts[0], total)
    }
}

extension Int64 {
    /// Parses a number of ASCII digits only: no sign, no space.
    init?(digits text: some StringProtocol) {
        guard text.isDigits else { return nil }
        self.init(text, radix: 10)
    }

    /// Parses a size or an offset in bytes: digits only, within `Bounds.sizes`.
    init?(size text: some StringProtocol) {
        guard let size = Int64(digits: text), Bounds.sizes.contains(size) else { return nil }
        self = size
    }
}

extension StringProtocol {
    /// Whether the text consists of at least one ASCII digit and nothing else.
    var isDigits: Bool {
        !isEmpty && utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
