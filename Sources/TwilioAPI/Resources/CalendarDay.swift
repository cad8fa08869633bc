/// A day in UTC, the unit of Twilio's date filters, in the proleptic Gregorian calendar of ISO 8601.
public struct CalendarDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The year, 2026 for instance.
    public let year: Int
    /// The month, from 1 to 12.
    public let month: Int
    /// The day of the month, from 1.
    public let day: Int

    /// Makes a day; nil for a day that doesn't exist or a year outside of 1 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.dayCount(ofMonth: month, year: year)).contains(day)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day of a point in time.
    public init(containing timestamp: Timestamp) {
        let day = timestamp.seconds.dividedRoundingDown(by: Self.secondCount)
        // The inverse of `number`, also with years that begin in March.
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

    /// The day's first second to the next day's first second.
    public var interval: Range<Timestamp> {
        let start = number * Self.secondCount
        return Timestamp(seconds: start)..<Timestamp(seconds: start + Self.secondCount)
    }

    /// The day in ISO 8601, `2026-11-21`.
    public var description: String { "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))" }

    /// Orders by time.
    public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    /// The seconds of a day, without leap seconds.
    static let secondCount: Int64 = 86_400
    /// The days from 1 March of year 0, where eras of 400 years begin, to 1970.
    private static let daysBefore1970: Int64 = 719_468
    private static let daysInEra: Int64 = 146_097

    /// Days since 1970, computed in years that begin in March, so that the leap day comes last.
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
    /// The quotient, rounded down.
    fileprivate func dividedRoundingDown(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}

extension Int {
    /// The number in decimal, padded with zeros.
    func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
