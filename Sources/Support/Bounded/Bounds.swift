/// The limits of numbers from outside: from a server, a file on disk, a user.
///
/// Swift ends the process when arithmetic overflows. A thousand numbers within these limits can be added or subtracted,
/// or one of them multiplied by a thousand, without overflow. Parsers accept or clamp each number before they keep it.
public enum Bounds {
    /// The largest size of a recording, plaintext or ciphertext, in bytes: 1 PiB.
    public static let largestSize: Int64 = 1 << 50
    /// Sizes of a recording and offsets in it, in bytes.
    public static let sizes: ClosedRange<Int64> = 0...largestSize
    /// Points in time, in seconds since the epoch: 1970-01-01 to 2200-01-01, UTC.
    public static let times: ClosedRange<Int64> = 0...7_258_118_400
    /// The longest wait that a server may ask for.
    public static let longestWait = Duration.seconds(120)
    /// Lengths of recordings in seconds: up to a leap year.
    public static let durations: ClosedRange<Int64> = 0...31_622_400
    /// Numbers of channels of a recording.
    public static let channels: ClosedRange<Int64> = 1...255
    /// Counts of things: recordings, requests, pages.
    public static let counts: ClosedRange<Int64> = 0...(1 << 40)
}

extension ClosedRange where Bound: FixedWidthInteger {
    /// Converts a number of any type to the range's type; nil outside of the range.
    public func accepting(_ number: some BinaryInteger) -> Bound? {
        guard let number = Bound(exactly: number), contains(number) else { return nil }
        return number
    }

    /// Returns the number of the range that is nearest to a number of any type.
    public func clamping(_ number: some BinaryInteger) -> Bound {
        Swift.min(Swift.max(Bound(clamping: number), lowerBound), upperBound)
    }
}
