/// A point in time as Twilio writes it, in whole seconds since 1970 (UTC).
///
/// Read by own code, because lists have a million of them in a form (RFC 2822) for which only a slow, locale-aware
/// formatter exists.
public struct Timestamp: Hashable, Sendable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
    public let seconds: Int64

    /// Makes a timestamp from POSIX time.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads `Fri, 14 Oct 2016 21:56:34 +0000` (RFC 2822, 2010 API) or `2015-07-30T20:00:00Z` (ISO 8601, video).
    ///
    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        guard let timestamp = Self.parseISO8601(text) ?? Self.parseRFC2822(text) else { return nil }
        self = timestamp
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

    /// `YYYY-MM-DDThh:mm:ss`, an optional fraction, which is dropped, and `Z` or an offset.
    private static func parseISO8601(_ text: String) -> Timestamp? {
        var rest = Scanner(text)
        guard let year = rest.number(digits: 4...4), rest.skip("-"), let month = rest.number(digits: 2...2),
            rest.skip("-"), let day = rest.number(digits: 2...2), rest.skip("T"), let time = rest.timeOfDay()
        else { return nil }
        if rest.skip(".") {
            guard rest.number(digits: 1...9) != nil else { return nil }
        }
        guard let offset = rest.skip("Z") ? 0 : rest.offset(), rest.isAtEnd else { return nil }
        return Timestamp(year: year, month: month, day: day, time: time, offset: offset)
    }

    /// RFC 2822, section 3.3, without comments and without the obsolete zone names other than GMT and UT.
    private static func parseRFC2822(_ text: String) -> Timestamp? {
        var rest = Scanner(text)
        if rest.word() != nil {
            guard rest.skip(","), rest.skip(" ") else { return nil }
        }
        guard let day = rest.number(digits: 1...2), rest.skip(" "), let name = rest.word(),
            let month = monthNames.firstIndex(of: name), rest.skip(" "), let year = rest.number(digits: 4...4),
            rest.skip(" "), let time = rest.timeOfDay(), rest.skip(" ")
        else { return nil }
        let offset: Int64?
        if let zone = rest.word() {
            offset = zone == "GMT" || zone == "UT" || zone == "UTC" ? 0 : nil
        } else {
            offset = rest.offset()
        }
        guard let offset, rest.isAtEnd else { return nil }
        return Timestamp(year: year, month: Int64(month) + 1, day: day, time: time, offset: offset)
    }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The proleptic Gregorian calendar: days are counted in years that begin in March, so that the leap day comes last.
    private init?(year: Int64, month: Int64, day: Int64, time: Int64, offset: Int64) {
        guard (1...12).contains(month), year >= 1, day >= 1, day <= Self.dayCount(ofMonth: month, year: year) else {
            return nil
        }
        let marchYear = month > 2 ? year : year - 1
        let marchMonth = (month + 9) % 12
        let era = marchYear / 400
        let yearOfEra = marchYear % 400
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let daysSince1970 = era * 146_097 + dayOfEra - 719_468
        seconds = daysSince1970 * 86_400 + time - offset
    }

    private static func dayCount(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads the pieces of which dates consist from the front of a text.
private struct Scanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(digits: ClosedRange<Int>) -> Int64? {
        let characters = rest.prefix(digits.upperBound).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard characters.count >= digits.lowerBound else { return nil }
        rest = rest.dropFirst(characters.count)
        return characters.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    mutating func word() -> String? {
        let characters = rest.prefix { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "z") }
        guard !characters.isEmpty else { return nil }
        rest = rest.dropFirst(characters.count)
        return String(Substring(characters))
    }

    /// `hh:mm:ss` in seconds; a leap second counts as the one after.
    mutating func timeOfDay() -> Int64? {
        guard let hours = number(digits: 2...2), hours < 24, skip(":"), let minutes = number(digits: 2...2),
            minutes < 60, skip(":"), let seconds = number(digits: 2...2), seconds <= 60
        else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }

    /// `+hhmm`, `-hh:mm` and so on, in seconds east of UTC.
    mutating func offset() -> Int64? {
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2...2), hours < 24 else { return nil }
        _ = skip(":")
        guard let minutes = number(digits: 2...2), minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
