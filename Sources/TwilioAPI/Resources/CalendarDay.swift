/// A day of the calendar, in UTC whatever the machine's time zone is: what Twilio's lists are limited by.
///
/// The calendar is the proleptic Gregorian one, that of ISO 8601.
public struct CalendarDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The year, 2026 for instance.
    public let year: Int

    /// The month, from 1 to 12.
    public let month: Int

    /// The day of the month, from 1.
    public let day: Int

    /// Makes a day; nil when the calendar has no such day, or it isn't in the years from 1 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.dayCount(ofMonth: month, year: year)).contains(day)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day to which a point in time belongs.
    public init(containing timestamp: Timestamp) {
        let day = timestamp.seconds.dividedRoundingDown(by: Self.secondCount)
        // The inverse of `number`, with the same years that begin in March.
        let shifted = day + Self.daysBefore1970
        let era = shifted.dividedRoundingDown(by: Self.daysInEra)
        let dayOfEra = shifted - era * Self.daysInEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        self.day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        year = Int(era * 400 + yearOfEra) + (month <= 2 ? 1 : 0)
    }

    /// The day's first second, and that of the day after it.
    public var interval: Range<Timestamp> {
        let start = number * Self.secondCount
        return Timestamp(seconds: start)..<Timestamp(seconds: start + Self.secondCount)
    }

    /// The day as ISO 8601 writes it, `2026-11-21`.
    public var description: String {
        "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))"
    }

    /// Orders by time.
    public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    /// Seconds of a day, leap seconds not counted.
    static let secondCount: Int64 = 86_400

    /// From 1 March of year 0, where eras of 400 years begin, to 1970.
    private static let daysBefore1970: Int64 = 719_468
    private static let daysInEra: Int64 = 146_097

    /// Days since 1970: they are counted in years that begin in March, so that the leap day comes last.
    private var number: Int64 {
        let marchYear = Int64(month > 2 ? year : year - 1)
        let marchMonth = Int64((month + 9) % 12)
        let era = marchYear.dividedRoundingDown(by: 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * marchMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysInEra + dayOfEra - Self.daysBefore1970
    }

    private static func dayCount(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    /// The quotient, rounded towards the past.
    fileprivate func dividedRoundingDown(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}

extension Int {
    /// The number in decimal, with zeros before it.
    func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
