import Support

/// A point in time in whole seconds, which Twilio writes as text.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time).
    public let seconds: Int64

    /// Makes a timestamp from POSIX time.
    public init(seconds: Int64) { self.seconds = seconds }

    /// Makes a timestamp from received or stored POSIX time; nil outside of ``Support/Bounds/times``.
    public init?(bounded seconds: Int64) {
        guard Bounds.times.contains(seconds) else { return nil }
        self.init(seconds: seconds)
    }

    /// Reads `Fri, 14 Oct 2016 21:56:34 +0000` (RFC 2822, 2010 API) or `2015-07-30T20:00:00Z` (ISO 8601, video).
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        self.init(characters, in: 0..<characters.count)
    }

    /// Reads a date within a text in UTF-8.
    init?(_ text: [UInt8], in range: Range<Int>) {
        let start = DateScanner(text, in: range)
        guard let timestamp = Self.parseISO8601(start) ?? Self.parseRFC2822(start) else { return nil }
        self = timestamp
    }

    /// The point in time in ISO 8601, `2015-07-30T20:00:00Z`.
    public var description: String {
        let day = CalendarDay(containing: self)
        let time = Int(seconds - day.interval.lowerBound.seconds)
        let clock = [time / 3600, time / 60 % 60, time % 60].map { $0.padded(to: 2) }.joined(separator: ":")
        return "\(day)T\(clock)Z"
    }

    /// The point in time; nil outside of ``Support/Bounds/times``, where no recordings exist.
    var bounded: Timestamp? { Timestamp(bounded: seconds) }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

    /// Reads `YYYY-MM-DDThh:mm:ss`, an optional fraction, which is dropped, and `Z` or an offset.
    private static func parseISO8601(_ start: DateScanner) -> Timestamp? {
        var rest = start
        guard let year = rest.number(digits: 4...4), rest.skip("-"), let month = rest.number(digits: 2...2),
            rest.skip("-"), let day = rest.number(digits: 2...2), rest.skip("T"), let time = rest.timeOfDay()
        else { return nil }
        if rest.skip(".") {
            guard rest.number(digits: 1...9) != nil else { return nil }
        }
        guard let offset = rest.skip("Z") ? 0 : rest.offset(), rest.isAtEnd else { return nil }
        return Timestamp(day: CalendarDay(year: year, month: month, day: day), time: time, offset: offset)
    }

    /// Reads RFC 2822, section 3.3, without comments; GMT, UT and UTC are the only zone names it takes.
    private static func parseRFC2822(_ start: DateScanner) -> Timestamp? {
        var rest = start
        if rest.skipWord() {
            guard rest.skip(","), rest.skip(" ") else { return nil }
        }
        guard let day = rest.number(digits: 1...2), rest.skip(" "), let month = rest.month(), rest.skip(" "),
            let year = rest.number(digits: 4...4), rest.skip(" "), let time = rest.timeOfDay(), rest.skip(" ")
        else { return nil }
        let isUniversal = rest.skip("GMT") || rest.skip("UTC") || rest.skip("UT")
        guard let offset = isUniversal ? 0 : rest.offset(), rest.isAtEnd else { return nil }
        return Timestamp(day: CalendarDay(year: year, month: month, day: day), time: time, offset: offset)
    }

    private init?(day: CalendarDay?, time: Int, offset: Int) {
        guard let day else { return nil }
        seconds = day.interval.lowerBound.seconds + Int64(time - offset)
    }
}
