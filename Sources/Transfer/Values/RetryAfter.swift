import CCurl
public import FoundationEssentials
import Support

extension HeaderFields {
    /// The wait in the `Retry-After` field (RFC 9110, 10.2.3); nil when absent or malformed.
    ///
    /// At most `Bounds.longestWait`, for any number or date; zero for a date in the past. A date is compared with the
    /// response's own `Date`, so that clock differences don't matter, else with `wallClock`.
    func retryAfter(wallClock: Date) -> Duration? {
        guard let text = self["Retry-After"] else { return nil }
        if text.isDigits {
            // A number too large for Int64 exceeds the limit.
            return Int64(digits: text).map { Swift.min(.seconds($0), Bounds.longestWait) } ?? Bounds.longestWait
        }
        guard let date = Date(httpDate: text) else { return nil }
        let reference = self["Date"].flatMap { Date(httpDate: $0) } ?? wallClock
        // Limited before the conversion to a duration, which traps on overflow.
        let seconds = Swift.min(date.timeIntervalSince(reference), Bounds.longestWait / .seconds(1))
        return .seconds(Swift.max(0, seconds))
    }
}

extension HeaderFields {
    /// How many seconds a clock is ahead of the server's, by the `Date` field; negative when behind, nil when absent.
    ///
    /// The response may have been on its way for a while.
    public func lead(of wallClock: Date) -> Double? {
        self["Date"].flatMap { Date(httpDate: $0) }.map { wallClock.timeIntervalSince($0) }
    }
}

extension Date {
    /// Parses an HTTP date (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// libcurl's parser accepts other forms too; this requires GMT and 1970 or later.
    init?(httpDate text: String) {
        guard text.hasSuffix(" GMT") else { return nil }
        let seconds = curl_getdate(text, nil)
        guard seconds >= 0 else { return nil }
        self.init(timeIntervalSince1970: Double(seconds))
    }
}
