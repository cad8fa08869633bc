/// A range of a resource (RFC 9110, 14.1.2); offsets count stored, encrypted bytes.
public enum ByteRange: Sendable, Hashable {
    /// The bytes from the lower bound to before the upper bound.
    case bytes(Range<Int64>)
    /// All bytes from an offset on.
    case from(Int64)
    /// The given number of last bytes.
    case suffix(Int64)

    /// The value of a `Range` field, for non-empty ranges.
    var fieldValue: String {
        switch self {
        case .bytes(let range): "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        case .from(let offset): "bytes=\(offset)-"
        case .suffix(let count): "bytes=-\(count)"
        }
    }

    /// The offset of the first byte; nil where the resource's size decides.
    var first: Int64? {
        switch self {
        case .bytes(let range): range.lowerBound
        case .from(let offset): offset
        case .suffix: nil
        }
    }

    var isEmpty: Bool {
        switch self {
        case .bytes(let range): range.isEmpty
        case .from: false
        case .suffix(let count): count == 0
        }
    }

    var isValid: Bool {
        switch self {
        case .bytes(let range): range.lowerBound >= 0
        case .from(let offset): offset >= 0
        case .suffix(let count): count >= 0
        }
    }
}
