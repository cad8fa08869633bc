/// The limits of numbers that come from outside: from a server, from a file on disk, from a user.
///
/// Swift ends the process when arithmetic overflows. A number within these limits can be added, subtracted and
/// multiplied a thousand times over without that. Code that parses a number accepts or clamps it here, before it is
/// kept.
public enum Bounds {
    /// The largest size of one recording, of plaintext or of ciphertext, in bytes: 1 PiB.
    public static let largestSize: Int64 = 1 << 50

    /// Sizes of one recording, and offsets in it, in bytes.
    public static let sizes: ClosedRange<Int64> = 0...largestSize

    /// Points in time, in seconds since the epoch: 1970-01-01 to 2200-01-01, UTC.
    public static let times: ClosedRange<Int64> = 0...7_258_118_400

    /// The longest wait that a server may ask for.
    public static let longestWait = Duration.seconds(120)

    /// Lengths of recordings in seconds: up to a leap year.
    public static let durations: ClosedRange<Int64> = 0...31_622_400

    /// Numbers of channels of a recording.
    public static let channels: ClosedRange<Int64> = 1...255

    /// Numbers of things: recordings, requests, pages.
    public static let counts: ClosedRange<Int64> = 0...(1 << 40)
}

extension ClosedRange where Bound: FixedWidthInteger {
    /// Returns a number of any type as one of the range's, or nil when the range doesn't contain it.
    public func accepting(_ number: some BinaryInteger) -> Bound? {
        guard let number = Bound(exactly: number), contains(number) else { return nil }
        return number
    }

    /// Returns the number of the range that is nearest to one of any type.
    public func clamping(_ number: some BinaryInteger) -> Bound {
        Swift.min(Swift.max(Bound(clamping: number), lowerBound), upperBound)
    }
}
