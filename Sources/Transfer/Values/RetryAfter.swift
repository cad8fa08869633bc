import CCurl
import FoundationEssentials
import Support

extension HeaderFields {
    /// How long the server asks to wait, by its `Retry-After` field (RFC 9110, 10.2.3); `nil` when it doesn't say or
    /// isn't understood.
    ///
    /// At most `Bounds.longestWait`, whatever it says: a number of any length, a date beyond all calendars. A date in
    /// the past is no wait. This is the only place where the field is read.
    ///
    /// - Parameter wallClock: The time now. A date in the field is compared with the answer's own `Date` where there is
    ///   one, so that clocks which differ don't matter.
    func retryAfter(wallClock: Date) -> Duration? {
        guard let text = self["Retry-After"] else { return nil }
        if text.isDigits {
            // What doesn't fit is longer than everything that does.
            return Int64(digits: text).map { Swift.min(.seconds($0), Bounds.longestWait) } ?? Bounds.longestWait
        }
        guard let date = Date(httpDate: text) else { return nil }
        let reference = self["Date"].flatMap { Date(httpDate: $0) } ?? wallClock
        // Bounded before it is a duration, whose initializer traps on what it can't hold.
        let seconds = Swift.min(date.timeIntervalSince(reference), Bounds.longestWait / .seconds(1))
        return .seconds(Swift.max(0, seconds))
    }
}

extension Date {
    /// Reads a date of HTTP (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// libcurl's parser takes other spellings too. Here they have to end in GMT, as HTTP's do, and to be of 1970 or
    /// later.
    init?(httpDate text: String) {
        guard text.hasSuffix(" GMT") else { return nil }
        let seconds = curl_getdate(text, nil)
        guard seconds >= 0 else { return nil }
        self.init(timeIntervalSince1970: Double(seconds))
    }
}
