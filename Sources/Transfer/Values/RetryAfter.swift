import FoundationEssentials
import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

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
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads a date in the form that HTTP prescribes (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    init?(httpDate text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT" else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let day = Int64(digits: words[1]), let year = Int64(digits: words[3]),
            let month = Self.months.firstIndex(of: String(words[2])), let hour = Int64(digits: clock[0]),
            let minute = Int64(digits: clock[1]), let second = Int64(digits: clock[2]),
            (1...31).contains(day), (1970...9999).contains(year), hour < 24, minute < 60, second <= 60
        else { return nil }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month)
        parts.tm_mday = Int32(day)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        self.init(timeIntervalSince1970: Double(timegm(&parts)))
    }
}
