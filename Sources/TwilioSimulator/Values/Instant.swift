import Glibc

/// Is a moment in whole seconds since 1970-01-01 00:00:00 UTC, with the notations that Twilio and S3 use.
///
/// Calendar arithmetic is the proleptic Gregorian one, always in UTC, so that no locale or time zone of the machine
/// reaches what is served.
struct Instant: Hashable, Comparable, Sendable {
    /// Seconds since the epoch, leap seconds not counted.
    var seconds: Int

    static func < (left: Instant, right: Instant) -> Bool { left.seconds < right.seconds }

    /// The present, by the system's clock.
    static var now: Instant { Instant(seconds: time(nil)) }

    static let secondsPerDay = 86_400

    /// Gives the present in seconds since the epoch, by the system's clock, as exactly as it knows.
    static func secondsWithFraction() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// The first second of this moment's day.
    var startOfDay: Instant { Instant(seconds: seconds - fields.secondOfDay) }

    /// Gives the moment so many seconds later.
    func advanced(by seconds: Int) -> Instant { Instant(seconds: self.seconds + seconds) }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private var fields: (year: Int, month: Int, day: Int, secondOfDay: Int, weekday: Int) {
        let dayNumber = Int((Double(seconds) / Double(Self.secondsPerDay)).rounded(.down))
        // Days are counted from 1 March of year 0, which puts the leap day at a year's end.
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
            secondOfDay: seconds - dayNumber * Self.secondsPerDay, weekday: ((dayNumber % 7) + 11) % 7
        )
    }

    /// Makes the moment of a date and time of day in UTC.
    init(year: Int, month: Int, day: Int, secondOfDay: Int) {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        seconds = (era * 146_097 + dayOfEra - 719_468) * Self.secondsPerDay + secondOfDay
    }

    init(seconds: Int) {
        self.seconds = seconds
    }

    /// `Fri, 14 Oct 2016 21:56:34 +0000`, as the 2010 API writes dates (RFC 2822).
    var rfc2822: String { dayAndTime + " +0000" }

    /// `Fri, 14 Oct 2016 21:56:34 GMT`, as HTTP headers write dates (RFC 9110, section 5.6.7).
    var httpDate: String { dayAndTime + " GMT" }

    /// `2016-10-14T21:56:34Z`, as the video API writes dates.
    var iso8601: String {
        let parts = fields
        return "\(padded(parts.year, to: 4))-\(padded(parts.month))-\(padded(parts.day))T\(clock(parts.secondOfDay))Z"
    }

    /// `20161014T215634Z`, as AWS signatures write dates.
    var amazonDate: String { iso8601.filter { $0 != "-" && $0 != ":" } }

    private var dayAndTime: String {
        let parts = fields
        return "\(Self.weekdays[parts.weekday]), \(padded(parts.day)) \(Self.months[parts.month - 1]) "
            + "\(padded(parts.year, to: 4)) \(clock(parts.secondOfDay))"
    }

    private func clock(_ second: Int) -> String {
        "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
    }

    private func padded(_ number: Int, to width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Reads any of the notations above, a plain day (`2016-10-14`, its first second), or an ISO 8601 time with a `+`
    /// offset or fraction; nil when it is none of these.
    init?(text: String) {
        if let moment = Self(iso8601: text) ?? Self(rfc2822: text) { self = moment } else { return nil }
    }

    private init?(iso8601 text: String) {
        let characters = Array(text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") })
        let day = characters.prefix { $0 != UInt8(ascii: "T") }
        guard let date = Self.number(day, width: 8) else { return nil }
        let rest = characters.dropFirst(9)
        var second = 0
        if characters.count > 8 {
            guard let time = Self.number(rest.prefix(6), width: 6) else { return nil }
            second = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100
            var suffix = rest.dropFirst(6)
            if suffix.first == UInt8(ascii: ".") { suffix = suffix.dropFirst().drop { (48...57).contains($0) } }
            if suffix.first == UInt8(ascii: "+") {
                guard let offset = Self.number(suffix.dropFirst(), width: 4) else { return nil }
                second -= offset / 100 * 3600 + offset % 100 * 60
            } else if !suffix.isEmpty && Array(suffix) != Array("Z".utf8) {
                return nil
            }
        }
        guard (1...12).contains(date / 100 % 100), (1...31).contains(date % 100) else { return nil }
        self.init(year: date / 10_000, month: date / 100 % 100, day: date % 100, secondOfDay: second)
    }

    private init?(rfc2822 text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 5, let day = Int(words[1]), let month = Self.months.firstIndex(of: String(words[2])),
            let year = Int(words[3])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3 else { return nil }
        self.init(year: year, month: month + 1, day: day, secondOfDay: clock[0] * 3600 + clock[1] * 60 + clock[2])
    }

    private static func number(_ digits: some Collection<UInt8>, width: Int) -> Int? {
        guard digits.count == width, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }
}
